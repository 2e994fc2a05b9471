#include "controller/cli/lab_report.hpp"

#include "controller/cli/output.hpp"
#include "controller/lab/files.hpp"
#include "controller/lab/orderings.hpp"
#include "controller/lab/profile_out.hpp"
#include "controller/words/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

namespace drainlab::cli {

using client::exit_code;
using client::result;
namespace fs = std::filesystem;

namespace {

/// A text file of the cache: package, a space, the policy and where the grace period is.
std::string seen_file(const std::string& cache) { return cache + "/policies-seen"; }

std::map<std::string, std::string> policies_seen(const std::string& cache) {
    std::map<std::string, std::string> seen;
    const auto text = lab::read_file(seen_file(cache));
    std::istringstream lines(text ? text.value() : std::string{});
    for (std::string line; std::getline(lines, line);)
        if (const auto space = line.find(' '); space != std::string::npos)
            seen[line.substr(0, space)] = line.substr(space + 1);
    return seen;
}

}  // namespace

void remember_policies(const lab::experiment_end& end) {
    const auto cache = lab::cache_dir();
    if (!cache) return;
    auto seen = policies_seen(cache.value());
    const auto before = seen;
    for (const auto& k : end.kernels)
        if (!k.release().empty() && k.image().name.find('/') == std::string::npos)
            seen[k.image().name] = fmt::format("{} ({})", k.policy().policy, k.policy().era);
    std::string text;
    for (const auto& [name, policy] : seen) text += name + " " + policy + "\n";
    if (seen == before) return;
    if (auto written = lab::write_file(seen_file(cache.value()), text); !written) remark(written.error().message);
}

result<exit_code> list_kernels() {
    BOOST_OUTCOME_TRY(auto cache, lab::cache_dir());
    BOOST_OUTCOME_TRY(auto kernels, lab::cached_kernels());
    const auto seen = policies_seen(cache);
    if (kernels.empty()) {
        fmt::print("no kernel in {}; scripts/fetch-kernels brings the recommended ones\n", cache);
        return exit_code::fine;
    }
    fmt::print("in {}\n", cache);
    for (const auto& k : kernels) {
        const auto at = seen.find(k.name);
        fmt::print("  {:<44} {}\n", "deb:" + k.name, at == seen.end() ? "not booted yet" : at->second);
    }
    return exit_code::fine;
}

namespace {

std::string trace_file(const std::string& dir, const lab::kernel_tally& k, const lab::round_trace& t) {
    return fmt::format("{}/{}-{}-{}-{}.trace", dir, k.image().label.empty() ? k.release() : k.image().label, t.scenario,
                       t.boot, t.number);
}

void keep(const std::string& dir, const lab::kernel_tally& k, const lab::round_trace& t) {
    std::error_code ec;
    fs::create_directories(dir, ec);
    const auto head =
        fmt::format("# drainlab: kernel {}, policy {}, scenario {}\n", k.release(), k.policy().policy, t.scenario);
    if (auto written = lab::write_file(trace_file(dir, k, t), head + t.text); !written) remark(written.error().message);
}

/// What the traces of one kernel's scenario add up to.
struct totals {
    int unmounts = 0, waited = 0, switches = 0, in_window = 0;
    std::string broken;  ///< the first
};

totals judge(const lab::kernel_tally& k, const std::string& scenario, const std::optional<std::string>& dir) {
    totals sum;
    const auto& known = lab::checkable_policies();
    const bool checkable = std::find(known.begin(), known.end(), k.policy().policy) != known.end();
    for (const auto& t : k.traces()) {
        if (t.scenario != scenario) continue;
        if (dir) keep(*dir, k, t);
        const auto v = lab::check_orderings(guest::parse_trace(t.text).events, checkable ? k.policy().policy : "base");
        sum.unmounts += v.unmounts;
        sum.waited += v.waited;
        sum.switches += v.switches;
        sum.in_window += v.in_window;
        if (!v.accepted && sum.broken.empty()) sum.broken = v.rule + ": " + v.event;
    }
    if (!checkable) sum.broken = "its policy is not one whose orderings are known: " + k.policy().policy;
    return sum;
}

}  // namespace

exit_code trace_judgement::exit(bool validated, bool widened) const {
    const auto rejected = [](const line& l) { return !l.accepted; };
    if (validated && std::any_of(lines.begin(), lines.end(), rejected)) return exit_code::violated;
    const auto told = [](const line& l) { return !l.vacuous; };
    if (validated && std::none_of(lines.begin(), lines.end(), told)) return exit_code::cannot_run;
    return widened && missed_window ? exit_code::cannot_run : exit_code::fine;
}

trace_judgement judge_traces(const lab::experiment_end& end, const std::optional<std::string>& dir, bool widened,
                             report::result& r) {
    trace_judgement judged;
    for (const auto& k : end.kernels) {
        std::vector<std::string> scenarios;
        for (const auto& t : k.traces())
            if (std::find(scenarios.begin(), scenarios.end(), t.scenario) == scenarios.end())
                scenarios.push_back(t.scenario);
        for (const auto& scenario : scenarios) {
            const auto sum = judge(k, scenario, dir);
            judged.checked = true;
            judged.missed_window = judged.missed_window || sum.in_window == 0;
            const bool vacuous = sum.waited == 0 && sum.switches == 0;
            judged.lines.push_back(
                {k.image().label.empty() ? k.release() : k.image().label, k.policy().policy,
                 fmt::format("{}: {} unmounts, {} waited, {} switches, {} in the window{}", scenario, sum.unmounts,
                             sum.waited, sum.switches, sum.in_window, sum.broken.empty() ? "" : "; " + sum.broken),
                 sum.broken.empty(), vacuous});
            if (!widened) continue;
            for (auto& c : r.cells)
                if (c.scenario == scenario && c.kernel && c.kernel->starts_with(k.release() + " "))
                    c.observations.push_back(
                        fmt::format("{} of {} unmounts began their drain while a switch of theirs was prepared and not "
                                    "yet queued{}",
                                    sum.in_window, sum.unmounts, sum.in_window == 0 ? ": vacuous, not safe" : ""));
        }
        if (k.violated() && !k.traces().empty())
            if (const auto cache = lab::cache_dir()) {
                keep(cache.value() + "/logs", k, k.traces().back());
                remark("the kernel's trace of the violation is in " +
                       trace_file(cache.value() + "/logs", k, k.traces().back()));
            }
    }
    return judged;
}

void print_verdicts(const trace_judgement& judged, bool on_standard_error) {
    auto* to = on_standard_error ? stderr : stdout;
    fmt::print(to, "\n");
    for (const auto& l : judged.lines)
        fmt::print(to, "trace {:<9}{} under {}: {}\n",
                   !l.accepted ? "REJECTED"
                   : l.vacuous ? "vacuous"
                               : "accepted",
                   l.kernel, l.policy, l.text);
}

bool is_kernel_trace(const std::string& file) {
    const auto text = lab::read_file(file);
    return text && !text.value().empty() && text.value().front() != '{' &&
           !text.value().starts_with("# tracer: drainlab") && !guest::parse_trace(text.value()).events.empty();
}

result<exit_code> accept_kernel_trace(const std::string& file, const std::vector<std::string>& policies,
                                      std::FILE* to) {
    const auto& known = lab::checkable_policies();
    if (policies.size() != 1 || std::find(known.begin(), known.end(), policies.front()) == known.end())
        return client::usage_error("--accepts " + file + ": a kernel's trace is held against one --policy",
                                   "one of " + words::join(known));
    BOOST_OUTCOME_TRY(auto text, lab::read_file(file));
    const auto v = lab::check_orderings(guest::parse_trace(text).events, policies.front());
    fmt::print(to, "{} under {}: {} unmounts, {} waited, {} switches, {} in the window{}\n",
               !v.accepted   ? "rejected"
               : v.vacuous() ? "vacuous"
                             : "accepted",
               policies.front(), v.unmounts, v.waited, v.switches, v.in_window,
               v.accepted ? "" : "\n  " + v.rule + ": " + v.event);
    return !v.accepted ? exit_code::violated : v.vacuous() ? exit_code::cannot_run : exit_code::fine;
}

void print_kernels(const lab::experiment_end& end) {
    for (const auto& k : end.kernels) {
        const auto& label = k.image().label;
        if (k.release().empty()) {
            fmt::print("{}: {}\n", label.empty() ? k.image().name : label,
                       k.boots() == 0 ? "it was not booted" : "it never said what it is");
            continue;
        }
        fmt::print("{}{}: {}, grace period of a switch: {}; {} ticks/s; {:.0f} s of CPU time\n",
                   label.empty() ? "" : label + " = ", k.release(), k.policy().policy, k.policy().era,
                   k.ticks_per_second(), k.cpu_s());
        if (k.measured()) fmt::print("  measured: {}\n", lab::latencies_told(*k.measured()));
        for (const auto& w : k.warnings()) remark(fmt::format("{}: the guest warns: {}", k.release(), w));
    }
}

}  // namespace drainlab::cli
