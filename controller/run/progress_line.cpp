#include "controller/run/progress_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace drainlab::run {

using std::chrono::duration;
using std::chrono::steady_clock;

std::string progress_text(const progress& at, std::chrono::nanoseconds elapsed) {
    auto text = fmt::format("{}  {}  {} of {}", at.scenario, at.policy, at.done, at.total);
    if (at.done < 5) return text;
    const double each = duration<double>(elapsed).count() / at.done;
    const auto left = static_cast<int>(std::lround(each * (at.total - at.done)));
    return text + fmt::format(", {}:{:02} left", left / 60, left % 60);
}

progress_line::progress_line() : on_{isatty(STDERR_FILENO) == 1}, begun_{steady_clock::now()} {}

progress_line::~progress_line() { wipe(); }

void progress_line::show(const progress& at) {
    if (!on_) return;
    fmt::print(stderr, "\r\x1b[K{}", progress_text(at, steady_clock::now() - begun_));
    std::fflush(stderr);
}

void progress_line::wipe() {
    if (!on_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    on_ = false;
}

}  // namespace drainlab::run
