#include "controller/cli/daemon.hpp"

#include "controller/daemons/launch.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdio>
#include <thread>

namespace drainlab::cli {

using nlohmann::json;

result<client::blocking_client> daemon_on(const std::string& socket_option) {
    BOOST_OUTCOME_TRY(auto socket, daemons::socket_path(socket_option));
    return client::blocking_client(std::move(socket));
}

os::mount_identity identity_of(const json& mount) {
    const json who = mount.value("identity", json());
    if (!who.is_object()) return {};
    const auto number = [&who](const char* key) {
        const json v = who.value(key, json());
        return v.is_number_unsigned() ? v.get<std::uint64_t>() : std::uint64_t{0};
    };
    unsigned major = 0, minor = 0;
    if (std::sscanf(who.value("dev", "").c_str(), "%u:%u", &major, &minor) != 2) return {};
    return {makedev(major, minor), number("unique_id"), static_cast<std::int64_t>(number("mount_id")),
            number("mount_namespace")};
}

namespace {

/// What /proc says that a process is doing, in words.
std::string doing(pid_t pid) {
    const std::string stat = machine::read_text(fmt::format("/proc/{}/stat", pid));
    const auto name_end = stat.rfind(") ");
    const char state = name_end != std::string::npos && name_end + 2 < stat.size() ? stat[name_end + 2] : '?';
    if (state == 'T') return "stopped; `kill -CONT " + std::to_string(pid) + "` lets it go on";
    if (state == 't') return "stopped by a debugger";
    if (state == 'D') return "blocked in the kernel (" + machine::read_text(fmt::format("/proc/{}/wchan", pid)) + ")";
    if (state == 'Z' || state == 'X') return "ending";
    if (machine::read_text(fmt::format("/proc/{}/wchan", pid)).find("freez") != std::string::npos) return "frozen";
    return state == 'R' ? "running" : state == 'S' ? "asleep" : "not to be seen from here";
}

}  // namespace

result<json> ask(const client::blocking_client& daemon, const std::string& target, std::chrono::milliseconds limit) {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
        auto answer = daemon.get(target, limit);
        if (answer || answer.error().code != "connection_lost") return answer;
        if (std::chrono::steady_clock::now() - begin > std::min(limit, std::chrono::milliseconds(1'000))) return answer;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

result<json> mount_on(const client::blocking_client& daemon, const os::mount_line& line,
                      std::chrono::milliseconds limit, bool* copied) {
    BOOST_OUTCOME_TRY(auto answer, ask(daemon, "/mounts", limit));
    const auto wanted = os::identify_line(line);
    json found;
    for (const auto& m : answer.value("mounts", json::array())) {
        const auto who = identity_of(m);
        if (!wanted || !who || m.value("state", "") == "gone") continue;
        if (os::is_same(who, *wanted)) found = m;
        if (copied && m.value("state", "") != "dead") *copied = *copied || who.dev == wanted->dev;
    }
    if (copied && !found.is_null()) *copied = false;
    return found;
}

failure not_answering(const std::string& socket, failure why) {
    if (why.code != "timed_out" && why.http_status == 0 && why.exit != exit_code::timed_out) return why;
    std::string ignored;
    const auto state = control::read_state(control::state_path(socket), ignored);
    why.message = fmt::format("the daemon on {}", os::to_printable(socket));
    if (state) why.message += fmt::format(" (pid {})", state->daemon.pid);
    why.message += " does not answer";
    if (state && os::is_alive(state->daemon).value_or(false)) why.message += ": it is " + doing(state->daemon.pid);
    why.code = "timed_out";
    why.exit = exit_code::timed_out;
    return why;
}

bool nobody_there(const failure& why) { return why.code == "no_daemon"; }

std::string id_of(const json& mount) { return std::to_string(mount.at("id").get<std::int64_t>()); }

}  // namespace drainlab::cli
