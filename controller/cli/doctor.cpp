// drainctl doctor
#include "controller/cli/command.hpp"
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/kernel_variant.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/probes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/utsname.h>

#include <algorithm>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    bool quiet = false, json = false;
};

const char* word(health h) { return h == health::ok ? "ok" : h == health::warn ? "warn" : "fail"; }
const char* colour_of(health h) { return h == health::ok ? "32" : h == health::warn ? "33" : "31"; }

json document(const std::vector<check>& checks, const std::string& release, const kernel_variant& variant) {
    json list = json::array();
    for (const auto& c : checks)
        list.push_back({{"id", c.id}, {"status", word(c.status)}, {"detail", c.detail}, {"fix", c.fix}});
    return {{"schema", "drainlab.doctor/1"},
            {"checks", list},
            {"kernel_variant",
             {{"release", release},
              {"candidates", variant.candidates},
              {"note", variant.note},
              {"seen", variant.seen.empty() ? json(nullptr) : json(variant.seen)}}}};
}

void print_text(const std::vector<check>& checks, const std::string& release, const kernel_variant& variant) {
    for (const auto& c : checks) {
        const auto status = painted(fmt::format("{:<4}", word(c.status)), colour_of(c.status));
        auto line = fmt::format("{} {:<20}  {}\n", status, c.id, c.detail);
        if (!c.fix.empty()) line += fmt::format("     {:<20}  -> {}\n", "", c.fix);
        fmt::print("{}", fit_lines(line, columns()));
    }
    const auto like = variant.candidates.empty() ? "unknown" : "like " + words::join(variant.candidates, " or ");
    fmt::print("{}", fit_lines(fmt::format("\nThis kernel's own umount ({}): {}\n  {}\n", release, like, variant.note),
                               columns()));
}

result<exit_code> run(const options& o) {
    const auto checks = probe_machine();
    utsname name{};
    uname(&name);
    const auto variant = corrected(kernel_variant_of(name.release), look_at_kernel());
    const bool runs =
        std::none_of(checks.begin(), checks.end(), [](const check& c) { return c.status == health::fail; });
    if (o.json)
        print_json(document(checks, name.release, variant));
    else if (!o.quiet)
        print_text(checks, name.release, variant);
    return runs ? exit_code::fine : exit_code::cannot_run;
}

}  // namespace

void declare_doctor(command& c) {
    auto o = std::make_shared<options>();
    c.about("what works on this machine, what does not, and how to fix it", "drainctl doctor --quiet || exit 77");
    c.flag("--quiet,-q", o->quiet, "say nothing; only the exit code");
    c.json_answer(o->json);
    c.note("Exit 0 when `bench` can run here, else 4.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
