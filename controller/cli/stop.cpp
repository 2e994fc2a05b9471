// drainctl stop
#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <thread>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

namespace {

struct options {
    std::string socket;
    duration timeout{std::chrono::seconds(60)};
    bool json = false;
};

/// Waits until daemon, gate and socket are gone; what is still there otherwise.
std::optional<std::string> still_there(const json& health, const std::string& socket, clock::time_point end) {
    const auto left = [&] { return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(end - clock::now())); };
    for (const char* key : {"pid", "gate_pid"}) {
        const json pid = health.value(key, json());
        if (pid.is_number_integer() && !client::wait_gone(pid.get<pid_t>(), left()))
            return fmt::format("{} (pid {})", key[0] == 'p' ? "drainfs" : "drainfs-gate", pid.get<pid_t>());
    }
    while (access(socket.c_str(), F_OK) == 0) {
        if (left() == milliseconds(0)) return "the socket " + socket;
        std::this_thread::sleep_for(milliseconds(2));
    }
    return std::nullopt;
}

void print(const options& o, bool was_running, const json& held) {
    if (o.json) {
        print_json({{"schema", "drainlab.stop/1"}, {"was_running", was_running}, {"held", held}});
        return;
    }
    fmt::print("{}\n", was_running ? "stopped" : "no daemon was running");
    for (const auto& h : held)
        remark(h.value("dir", "?") + " was held by somebody and has been detached; its holders now get ENOTCONN");
}

result<exit_code> run(const options& o) {
    const auto end = clock::now() + std::chrono::duration_cast<clock::duration>(o.timeout);
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    auto health = daemon.get("/health");
    if (!health && nobody_there(health.error())) {
        print(o, false, json::array());
        return exit_code::fine;
    }
    if (!health) return health.error();
    const auto limit = std::chrono::ceil<milliseconds>(o.timeout);
    const json body{{"timeout_ms", limit.count()}};
    auto answer = daemon.post("/stop", body, limit + milliseconds(10'000));
    // It may be gone before we have read its answer, or be stopping already.
    const bool ending = !answer && (answer.error().code == "connection_lost" || answer.error().code == "busy" ||
                                    nobody_there(answer.error()));
    if (!answer && !ending) return answer.error();
    if (const auto what = still_there(health.value(), daemon.socket(), end))
        return failure{"timed_out", fmt::format("{} is still there after {}", *what, client::show_duration(o.timeout)),
                       "`drainctl status` tells what it waits for", exit_code::timed_out, 0};
    const json held = answer ? answer.value().value("held", json::array()) : json::array();
    print(o, true, held);
    return held.empty() ? exit_code::fine : exit_code::busy;
}

}  // namespace

void declare_stop(command& c) {
    auto o = std::make_shared<options>();
    c.about("unmount everything and end the daemon", "drainctl stop --timeout 10s");
    c.option("--timeout", o->timeout, "give up after this (default 60s)");
    c.socket(o->socket).json_answer(o->json);
    c.note("No daemon is fine (exit 0). Exit 16 when something was held and had to be detached.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
