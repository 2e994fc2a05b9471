#include "controller/cli/noted.hpp"

#include "controller/cli/output.hpp"
#include "controller/machine/load.hpp"
#include "controller/real/machine_info.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace drainlab::cli {

using std::chrono::steady_clock;

namespace {
/// A moment as documents write it: 2026-01-31T12:00:00Z.
std::string utc_text(std::time_t when) { return fmt::format("{:%FT%TZ}", fmt::gmtime(when)); }
}  // namespace

noted::noted()
    : begun_{steady_clock::now()}, started_{utc_text(std::time(nullptr))}, load_before_{machine::load_average()} {}

report::facts noted::facts(std::uint64_t seed) const {
    report::facts f;
    f.tool = {"drainlab", version(), git_revision()};
    f.environment = real::machine_info();
    f.seed = seed;
    f.started = started_;
    f.elapsed_s = std::chrono::duration<double>(steady_clock::now() - begun_).count();
    f.command = command_line();
    f.load_average = {load_before_, machine::load_average()};
    return f;
}

void noted::into(report::run_info& run) const {
    run.started = started_;
    run.elapsed_s = std::chrono::duration<double>(steady_clock::now() - begun_).count();
    run.command = command_line();
    run.load_average = {load_before_, machine::load_average()};
}

}  // namespace drainlab::cli
