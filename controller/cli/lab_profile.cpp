#include "controller/cli/lab_profile.hpp"

#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/lab/profile_out.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/profile/load.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace drainlab::cli {

using client::exit_code;
using client::result;
namespace fs = std::filesystem;

namespace {

std::string file_of_row(const std::string& file, const std::string& row) {
    const fs::path whole{file};
    auto name = whole.stem().string() + "-" + row + whole.extension().string();
    for (auto& c : name)
        if (c == '/') c = '_';
    return (whole.parent_path() / name).string();
}

}  // namespace

result<void> write_profiles(const std::string& file, const lab::experiment_end& end, const report::result& r) {
    BOOST_OUTCOME_TRY(auto path, words::data_file("profiles", "lab-4vcpu"));
    const auto elsewhere = profile::load_profile(path, {});
    if (!elsewhere) return client::usage_error(elsewhere.error);
    std::size_t row = 0;  // guests of the result are the measured kernels, in order
    for (const auto& k : end.kernels) {
        if (!k.measured()) continue;
        const auto& name = r.guests[row++].policy;
        const auto to = end.kernels.size() > 1 ? file_of_row(file, name) : file;
        const auto m = lab::profile_of(*k.measured(), *elsewhere.value, end.accel == lab::accelerator::icount);
        const auto heading = fmt::format("Linux {} ({}), measured in a guest under {} by drainctl lab", k.release(),
                                         k.policy().policy, lab::name_of(end.accel));
        BOOST_OUTCOME_TRYV(write_document("--profile-out", to, lab::profile_text(m, *k.measured(), heading)));
        if (to != "-") remark(fmt::format("the profile of {} is in {}", name, to));
    }
    if (row == 0 && !end.why)
        return client::failure{
            "not_measured", "--profile-out " + file + ": no guest has measured anything", {}, exit_code::cannot_run, 0};
    return client::success();
}

}  // namespace drainlab::cli
