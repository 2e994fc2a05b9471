#include "controller/cli/progress_line.hpp"

#include "controller/cli/output.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace drainlab::cli {

using std::chrono::duration;
using std::chrono::steady_clock;

namespace {
/// One less than there are: behind the last one the cursor has nowhere to stand.
int terminal_columns() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col - 1 : 79;
}
}  // namespace

std::string progress_text(const experiment::progress& at, std::chrono::nanoseconds elapsed) {
    const auto part = at.by_time ? fmt::format("{} %", 100 * at.done / std::max(at.total, 1))
                                 : fmt::format("{} of {}", at.done, at.total);
    const auto text = fmt::format("{}  {}  {}", at.scenario, at.so_far.empty() ? at.policy : at.so_far, part);
    if (at.done < 5) return text;
    const double each = duration<double>(elapsed).count() / at.done;
    const auto left = static_cast<int>(std::lround(each * (at.total - at.done)));
    return text + fmt::format(", {}:{:02} left", left / 60, left % 60);
}

std::string fitted(const std::string& text, int columns) {
    const auto room = static_cast<std::size_t>(std::max(columns, 8));
    if (const auto part = text.find("  "); text.size() > room && part != std::string::npos)
        return fitted(text.substr(part + 2), columns);
    return text.size() <= room ? text : text.substr(0, room - 3) + "...";
}

progress_line::progress_line() : on_{redraws(STDERR_FILENO)}, begun_{steady_clock::now()} {}

progress_line::~progress_line() { wipe(); }

void progress_line::show(const experiment::progress& at) {
    if (on_) show(progress_text(at, steady_clock::now() - begun_));
}

void progress_line::show(const std::string& text) {
    if (!on_) return;
    fmt::print(stderr, "\r\x1b[K{}", fitted(text, terminal_columns()));
    std::fflush(stderr);
    shown_ = true;
}

void progress_line::wipe() {
    if (!std::exchange(shown_, false)) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
}

}  // namespace drainlab::cli
