// drainctl lab: the bench on real kernels, under QEMU.
#include "controller/cli/command.hpp"
#include "controller/cli/lab_profile.hpp"
#include "controller/cli/lab_report.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/lab/experiment.hpp"
#include "controller/lab/files.hpp"
#include "controller/lab/orders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <sstream>

namespace drainlab::cli {
namespace {

using word_list = std::vector<std::string>;

struct options {
    word_list kernels, scenarios, widen;
    std::int64_t samples = 20, cpus = 4, seed = 1, per_boot = 10;
    std::optional<std::int64_t> hz_expect;
    std::string accel = "auto", load = "heavy", format = "text";
    bool list = false, validate = false;
    std::optional<std::string> trace_dir;
    std::optional<std::string> json, profile_out;
    std::optional<duration> timeout;
};

/// `isw_prepared=1ms`, the only point that a kernel can be slowed at from outside.
result<std::uint64_t> widening(const word_list& all) {
    std::uint64_t us = 0;
    for (const auto& word : all) {
        const auto equals = word.find('=');
        const auto width = equals == std::string::npos ? std::nullopt : words::parse_duration(word.substr(equals + 1));
        if (word.substr(0, equals) != "isw_prepared" || !width)
            return client::usage_error("--widen " + word + ": isw_prepared=T is expected, as isw_prepared=1ms",
                                       "a real kernel can be slowed at no other point without a module");
        us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(*width).count());
        if (us < 1 || us > 20'000) return client::usage_error("--widen " + word + ": between 1us and 20ms is expected");
    }
    return us;
}

result<lab::experiment_order> order_of(const options& o, const std::string& scratch) {
    lab::experiment_order order;
    order.scratch = scratch;
    order.samples = static_cast<int>(o.samples);
    order.per_boot = static_cast<int>(o.per_boot);
    order.seed = static_cast<std::uint64_t>(o.seed);
    order.cpus = static_cast<int>(o.cpus);
    if (o.hz_expect) order.hz_expected = static_cast<int>(*o.hz_expect);
    order.try_kvm = o.accel == "auto";
    order.accel = o.accel == "tcg"   ? lab::accelerator::tcg
                  : o.accel == "kvm" ? lab::accelerator::kvm
                                     : lab::accelerator::icount;
    order.told.drop_pages = o.load == "heavy";
    BOOST_OUTCOME_TRY(order.told.widen_us, widening(o.widen));
    order.told.measure = o.profile_out.has_value();
    order.told.record = order.told.widen_us > 0 || o.validate || o.trace_dir;
    auto names = o.scenarios.empty() ? word_list{"no_pressure", "idle_cross_pressure"} : o.scenarios;
    if (std::find(names.begin(), names.end(), "all") != names.end()) names = lab::lab_scenarios();
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto s, lab::order_of(name, o.load == "published"));
        // A hundred slowed inodes make a section long enough; more only make the trace long.
        if (order.told.widen_us > 0) s.files = std::min(s.files, 100);
        order.told.scenarios.push_back(std::move(s));
    }
    if (o.kernels.empty())
        return client::usage_error("lab: --kernel is missing",
                                   "example: --kernel deb:linux-image-6.12.95+deb12-cloud-amd64; scripts/fetch-kernels "
                                   "brings the recommended ones, --list shows what is there");
    BOOST_OUTCOME_TRY(order.emulator, lab::find_qemu());
    for (std::size_t i = 0; i < o.kernels.size(); ++i) {
        const auto dir = fmt::format("{}/modules.{}", scratch, i);
        std::filesystem::create_directory(dir);
        BOOST_OUTCOME_TRY(auto k, lab::find_kernel(o.kernels[i], dir));
        order.kernels.push_back(std::move(k));
    }
    return order;
}

std::string progress_of(const lab::boot_progress& at) {
    return fmt::format("boot {} of {}{}: {}", at.boot + 1, at.boots,
                       at.samples > 0 ? fmt::format(", {}, {} unmounts", at.scenario, at.samples) : "", at.kernel);
}

/// A console's last lines are lines.
void remark_lines(const std::string& text) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
        if (line.erase(line.find_last_not_of("\r ") + 1); !line.empty()) remark(line);
}

result<exit_code> run_lab(const options& o) {
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    BOOST_OUTCOME_TRYV(check_file("--profile-out", o.profile_out));
    heed_signals();
    BOOST_OUTCOME_TRY(auto scratch, lab::temporary_dir::make());
    BOOST_OUTCOME_TRY(auto order, order_of(o, scratch.path()));
    const noted how;
    bool late = false;
    std::optional<result<lab::experiment_end>> made;
    {
        progress_line line;
        made = lab::run_experiment(
            order, [&](const lab::boot_progress& at) { line.show(progress_of(at)); },
            [&] {
                late = o.timeout && clock::now() - begun > *o.timeout;
                return late || asked_to_stop();
            });
    }
    BOOST_OUTCOME_TRY(auto end, std::move(*made));
    auto r = lab::result_of(order, end);
    how.into(r.run);
    remember_policies(end);
    const auto judged = judge_traces(end, o.trace_dir, order.told.widen_us > 0, r);
    if (o.json != "-" && o.format == "text") print_kernels(end);
    print_result(o.json, o.format, r);
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    if (o.profile_out) { BOOST_OUTCOME_TRYV(write_profiles(*o.profile_out, end, r)); }
    if (judged.checked) print_verdicts(judged, o.json == "-" || o.format != "text");
    if (late)
        end.why = client::failure{
            "timed_out", "--timeout " + words::show_duration(*o.timeout) + " is over", {}, exit_code::timed_out, 0};
    if (end.why) {
        remark_lines(end.why->message);
        remark_lines(end.why->hint);
    }
    if (std::any_of(end.kernels.begin(), end.kernels.end(), [](const auto& k) { return k.violated(); }))
        return exit_code::violated;
    if (end.why) return end.why->exit;
    return judged.exit(o.validate, order.told.widen_us > 0);
}

}  // namespace

void declare_lab(command& c) {
    auto o = std::make_shared<options>();
    c.about(
        "the same experiment on real kernels, in virtual machines, as an ordinary user",
        "drainctl lab --kernel deb:linux-image-6.12.95+deb12-cloud-amd64,deb:linux-binary-7.2.12+deb13-cloud-amd64");
    c.list("--kernel", o->kernels,
           "[LABEL=]deb:PACKAGE, FILE.deb[+FILE.deb], a bzImage, or boot (this machine's own); several are compared");
    c.list("--scenario", o->scenarios, "by name or file, or all (default no_pressure,idle_cross_pressure)");
    c.option("--samples", o->samples, "unmounts per kernel and scenario", 1, 10'000);
    c.option("--per-boot", o->per_boot, "of these in one boot, at most; the kernels take turns", 1, 10'000);
    c.option("--seed", o->seed, "of the order of boots and scenarios, and of the guests' random waits");
    c.option("--cpus", o->cpus, "of each guest", 1, 16);
    c.option("--hz-expect", o->hz_expect, "refuses a kernel that ticks at another rate", 100, 1000);
    c.option(
         "--accel", o->accel,
         "icount: time counted in instructions; tcg: for function only; kvm; auto: kvm if a guest runs with it, else "
         "icount")
        .one_of({"auto", "icount", "tcg", "kvm"});
    c.option("--load", o->load,
             "heavy: written pages are dropped, so switches go on; published: literally as published")
        .one_of({"heavy", "published"});
    c.list("--widen", o->widen, "isw_prepared=T: keeps every switch that long between prepared and queued");
    c.option("--timeout", o->timeout, "ends the run after this; what was made is kept, exit 124");
    c.option("--format", o->format, "of standard output").one_of(result_formats());
    c.flag("--validate", o->validate,
           "records every unmount's trace and holds it against the orderings of the policy that was seen");
    c.option("--trace-dir", o->trace_dir, "keeps every recorded trace there, a file per unmount");
    c.option("--profile-out", o->profile_out,
             "measures each guest's machine first and writes it as a profile for `sim --profile FILE`; of several "
             "kernels a "
             "file each, FILE-ROW");
    c.flag("--list", o->list, "shows the kernels in the cache and the policy each was seen to have; boots nothing");
    c.json_file(o->json);
    c.note("Scenarios: " + words::join(lab::lab_scenarios()) + ".\n" +
           "Exit codes fit `git bisect run`: 0 fine, 1 an invariant was violated, 125 the kernel could not be tested.");
    c.run([o]() -> result<exit_code> { return o->list ? list_kernels() : run_lab(*o); });
}

}  // namespace drainlab::cli
