#include "controller/real/workload.hpp"

#include "controller/daemons/launch.hpp"
#include "controller/machine/program.hpp"

#include <boost/outcome/try.hpp>

#include <filesystem>

namespace drainlab::real {
namespace {

constexpr unsigned dd_blocks = 256;  // as published: dd bs=4k count=256

std::vector<std::string> housed(std::vector<std::string> words, const workload_style& style) {
    if (style.cgroup_root.empty())
        words.emplace_back("--session");
    else
        words.insert(words.end(), {"--cgroup-root", style.cgroup_root});
    return words;
}

std::string errors_of(const workload_style& style, const std::string& dir) {
    return style.errors + "/" + std::filesystem::path(dir).filename().string() + ".workload";
}

}  // namespace

client::result<child> start_burner(boost::asio::any_io_executor executor, const workload_style& style,
                                   const std::string& dir, unsigned writes) {
    BOOST_OUTCOME_TRY(auto program, machine::find_program(style.dd ? "drainlab-dd-burner" : "drainlab-burner"));
    auto words = housed({program, dir + "/burner"}, style);
    words.insert(words.end(), {"--writes", std::to_string(style.dd ? dd_blocks : writes)});
    return child::start(std::move(executor), std::move(words), errors_of(style, dir));
}

client::result<child> start_container(boost::asio::any_io_executor executor, const workload_style& style,
                                      const std::string& dir, unsigned files) {
    BOOST_OUTCOME_TRY(auto program, machine::find_program("drainlab-container"));
    auto words = housed({program, dir}, style);
    words.insert(words.end(), {"--files", std::to_string(files)});
    return child::start(std::move(executor), std::move(words), errors_of(style, dir));
}

client::failure workload_died(const child& c, const std::string& what) {
    auto why = c.last_words();
    if (why.empty()) why = "exit code " + std::to_string(c.ended().value_or(-1));
    return {"workload_died", what + " ended: " + why, {}, client::exit_code::broken, 0};
}

}  // namespace drainlab::real
