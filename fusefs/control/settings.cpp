#include "fusefs/control/settings.hpp"

#include "fusefs/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace drainlab::control {

std::optional<std::chrono::milliseconds> parse_duration(const std::string& text) {
    std::size_t used = 0;
    double number = 0;
    try {
        number = std::stod(text, &used);
    } catch (const std::exception&) { return std::nullopt; }
    if (text.find_first_not_of("0123456789.") < used) return std::nullopt;  // no "inf", "1e9", "+3", " 3"
    const std::string unit = text.substr(used);
    const double scale = unit.empty() || unit == "s" ? 1000 : unit == "ms" ? 1 : unit == "m" ? 60'000 : 0;
    if (scale == 0 || number < 0 || number * scale > 86'400'000.0) return std::nullopt;
    return std::chrono::milliseconds{std::llround(number * scale)};
}

namespace {

void env(CLI::Option* o, const char* name) { o->envname(name); }

/// Durations as they were written; empty: not given.
struct duration_texts {
    std::string linger, drain_limit;
};

void add_socket_and_kernel(CLI::App& app, settings& s) {
    env(app.add_option("--socket", s.socket, "control socket, an absolute path; needed"), "DRAINLAB_SOCKET");
    env(app.add_option("--profile", s.profile, "what the modelled machine is like: a name or a .toml file")
            ->capture_default_str(),
        "DRAINLAB_PROFILE");
    env(app.add_option("--policy", s.policy, "drain policy of new mounts")->capture_default_str(), "DRAINLAB_POLICY");
    env(app.add_option("--identity", s.identity, "who a caller is: its cgroup, or its session")
            ->check(CLI::IsMember({"auto", "cgroup", "session"}))
            ->capture_default_str(),
        "DRAINLAB_IDENTITY");
    env(app.add_option("--cgroup-root", s.cgroup_root, "where cgroup v2 is mounted; found by itself"),
        "DRAINLAB_CGROUP_ROOT");
    env(app.add_option("--umount-wait", s.umount_wait, "what makes an unmount wait; gate fails where it cannot work")
            ->check(CLI::IsMember({"auto", "gate", "api"}))
            ->capture_default_str(),
        "DRAINLAB_UMOUNT_WAIT");
    env(app.add_option("--detach-event", s.detach_event, "what tells of detached mounts; auto: fanotify where it works")
            ->check(CLI::IsMember({"auto", "mountinfo"}))
            ->capture_default_str(),
        "DRAINLAB_DETACH_EVENT");
    env(app.add_option("--page-cache", s.page_cache, "whether clean pages stay")
            ->check(CLI::IsMember({"drop", "keep"}))
            ->capture_default_str(),
        "DRAINLAB_PAGE_CACHE");
}

void add_life(CLI::App& app, settings& s, duration_texts& given) {
    const auto duration = [](std::string& text) {
        return parse_duration(text) ? "" : fmt::format("'{}' is no duration; write 200ms, 5s or 2m", text);
    };
    env(app.add_option("--linger", given.linger, "life after the last mount, e.g. 5s; 0: for ever [500ms]")
            ->check(CLI::Validator(duration, "DURATION")),
        "DRAINLAB_LINGER");
    env(app.add_option("--drain-limit", given.drain_limit, "a drain that takes longer is a violation and lets go [60s]")
            ->check(CLI::Validator(duration, "DURATION")),
        "DRAINLAB_DRAIN_LIMIT");
    app.add_option("--lifeline", s.lifeline, "descriptor; the daemon ends when its other end closes")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--ready-fd", s.ready_fd, "descriptor that gets one line: ready, or an error as JSON")
        ->check(CLI::NonNegativeNumber);
    auto* const own = app.add_option("--own-directory", s.own_directory,
                                     "removed at the end if the process --owner, which made it for us, is gone");
    auto* const owner = app.add_option("--owner", s.owner, "a process id")->check(CLI::PositiveNumber);
    own->needs(owner);
    owner->needs(own);
    env(app.add_option("--log", s.log, "log file; default: standard error"), "DRAINLAB_LOG");
    env(app.add_flag("--verbose", s.verbose, "log every event"), "DRAINLAB_VERBOSE");
}

}  // namespace

parsed_settings parse_settings(int argc, char** argv) {
    settings s;
    CLI::App app{
        "drainfs: hosts FUSE mounts on a mimicked kernel and makes their unmounts wait as that kernel would.\n"
        "`drainctl mount DIR` starts one by itself; by hand: drainfs --socket /run/drainlab/my.sock --linger 0"};
    app.name("drainfs");
    app.set_version_flag("--version", std::string{"drainfs "} + version() + " (" + git_revision() + ")");
    app.get_formatter()->column_width(34);
    duration_texts given;
    add_socket_and_kernel(app, s);
    add_life(app, s, given);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) { return {std::nullopt, app.exit(e) == 0 ? 0 : 2}; }
    if (s.socket.empty()) {
        std::fputs(
            "drainfs: --socket PATH is missing: an absolute path, where the daemon is to listen (or DRAINLAB_SOCKET)\n",
            stderr);
        return {std::nullopt, 2};
    }
    if (!given.linger.empty()) s.linger = *parse_duration(given.linger);
    if (!given.drain_limit.empty()) s.drain_limit = *parse_duration(given.drain_limit);
    if (s.drain_limit <= std::chrono::milliseconds{0} || s.drain_limit > settings{}.drain_limit) {
        std::fprintf(stderr, "drainfs: --drain-limit %s: it must be above 0 and at most 60s\n",
                     given.drain_limit.c_str());
        return {std::nullopt, 2};
    }
    return {s, 0};
}

}  // namespace drainlab::control
