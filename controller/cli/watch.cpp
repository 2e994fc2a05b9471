// drainctl watch: the daemon, live.
#include "controller/cli/daemon.hpp"
#include "controller/cli/holders_output.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/status_activity.hpp"
#include "controller/cli/watch_frame.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/ioctl.h>

#include <cstdio>
#include <thread>
#include <unistd.h>

namespace drainlab::cli {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

struct options {
    std::string socket;
    duration every = std::chrono::seconds(1);
    std::optional<std::int64_t> count;
};

/// Of the terminal, as small as it is.
screen here() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
    return {size.ws_col, size.ws_row};
}

/// What the daemon says now, and with `holders` who uses its mounts; a failure when it went.
template <class Daemon>
result<watch_moment> look(Daemon& daemon, bool holders) {
    watch_moment m;
    BOOST_OUTCOME_TRY(const auto mounts, daemon.get("/mounts"));
    BOOST_OUTCOME_TRY(m.counters, daemon.get("/counters"));
    BOOST_OUTCOME_TRY(const auto waiting, daemon.get("/waiting"));
    m.at = steady_clock::now();
    for (const auto& mount : mounts.value("mounts", json::array()))
        if (mount.value("state", "") != "gone") m.mounts.push_back(mount);
    m.waiting = waiting.value("tasks", json::array());
    if (holders)
        for (const auto& [id, seen] : look_at(m.mounts, daemon.socket()))
            for (const auto& h : seen.held_by) m.holders[id].push_back(machine::describe(h));
    return m;
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    const bool terminal = redraws(STDOUT_FILENO);
    std::optional<watch_moment> before;
    for (std::int64_t n = 0; !o.count || n < *o.count; ++n) {
        if (n > 0) std::this_thread::sleep_for(o.every);
        BOOST_OUTCOME_TRY(auto now, look(daemon, terminal));
        const auto text = terminal ? frame_of(now, before, here()) : line_of(now, before);
        // Home, each line cleared as it is written, and what is below: no flicker.
        if (terminal) fmt::print("\x1b[H");
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find('\n', at);
            fmt::print("{}{}\n", text.substr(at, end - at), terminal ? "\x1b[K" : "");
            at = end == std::string::npos ? text.size() : end + 1;
        }
        if (terminal) fmt::print("\x1b[J");
        if (std::fflush(stdout) != 0) return client::system_failure("standard output", errno);
        before = std::move(now);
    }
    return exit_code::fine;
}

}  // namespace

void declare_watch(command& c) {
    auto o = std::make_shared<options>();
    c.about("the daemon, live: mounts, who waits for what, drains, rates", "drainctl watch --every 500ms");
    c.option("--every", o->every, "how often to look (default 1s)");
    c.option("--count", o->count, "ends after so many looks; otherwise with Ctrl-C or the daemon", 1, 1'000'000'000);
    c.socket(o->socket);
    c.note(
        "Redrawn in place on a terminal that is not dumb; elsewhere a line for each look. Who holds a mount: drainctl "
        "why.");
    c.run([o]() -> result<exit_code> {
        if (o->every < std::chrono::milliseconds(50))
            return client::usage_error("watch: --every " + words::show_duration(o->every) +
                                       ": at least 50ms is expected");
        return run(*o);
    });
}

}  // namespace drainlab::cli
