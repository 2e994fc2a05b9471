// drainctl stop
#include "controller/cli/daemon.hpp"
#include "controller/cli/holders_output.hpp"
#include "controller/cli/output.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <map>
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

using processes = std::vector<std::pair<std::string, machine::watched_process>>;

/// Daemon and gate, kept hold of while they live.
processes processes_of(const json& health) {
    processes all;
    for (const auto& [key, name] : {std::pair("pid", "drainfs"), std::pair("gate_pid", "drainfs-gate")})
        if (const json pid = health.value(key, json()); pid.is_number_integer())
            all.emplace_back(name, machine::watched_process(pid.get<pid_t>()));
    return all;
}

/// Waits until daemon, gate and socket are gone; what is still there otherwise.
std::optional<std::string> still_there(const processes& all, const std::string& socket, clock::time_point end) {
    const auto left = [&] { return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(end - clock::now())); };
    for (const auto& [name, process] : all)
        if (!process.gone_within(left())) return fmt::format("{} (pid {})", name, process.pid());
    while (access(socket.c_str(), F_OK) == 0) {
        if (left() == milliseconds(0)) return "the socket " + socket;
        std::this_thread::sleep_for(milliseconds(2));
    }
    return std::nullopt;
}

/// The device of each mount, by its name: after the end of the daemon nobody tells.
using devices = std::map<std::string, std::pair<unsigned, unsigned>>;
devices devices_of(const client::blocking_client& daemon) {
    devices all;
    const auto answer = daemon.get("/mounts", milliseconds(2'000));
    if (!answer) return all;
    for (const auto& m : answer.value().value("mounts", json::array())) {
        unsigned major = 0, minor = 0;
        if (std::sscanf(m.value("dev", "").c_str(), "%u:%u", &major, &minor) == 2)
            all[m.value("name", "")] = {major, minor};
    }
    return all;
}

/// Adds who holds what had to be detached.
void add_holders(json& held, const devices& known) {
    for (auto& h : held) {
        const auto device = known.find(h.value("name", ""));
        if (device == known.end()) continue;
        const bool left = h.value("left", json()).is_string();  // nobody holds it: it cannot be reached
        const machine::target what{device->second.first, device->second.second, {}, h.value("dir", "")};
        const auto found = left ? machine::holders_found{} : machine::find_holders(what);
        h["holders"] = holders_document(found);
        h["unseen"] = found.unseen;
        for (const auto& one : found.holders) h["words"].push_back(machine::describe(one));
    }
}

std::string what_became_of(const json& held) {
    if (const json left = held.value("left", json()); left.is_string())
        return " stays: " + left.get<std::string>() + "; `drainctl clean` removes it once that has gone";
    if (held.value("draining", false)) return ": its drain was not over; who waits for it has been let go";
    return " was held and has been detached; its holders now get ENOTCONN";
}

void print(const options& o, bool was_running, json held, const json& lost) {
    if (o.json) {
        for (auto& h : held) h.erase("words");
        print_json({{"schema", "drainlab.stop/1"}, {"was_running", was_running}, {"held", held}, {"lost", lost}});
        return;
    }
    fmt::print("{}\n", was_running ? "stopped" : "no daemon was running");
    for (const auto& h : held) {
        remark(h.value("dir", "?") + what_became_of(h));
        for (const auto& who : h.value("words", json::array())) fmt::print(stderr, "  {}\n", who.get<std::string>());
    }
    for (const auto& l : lost)
        remark(fmt::format("lost: {} bytes of {}{}: its store does not have them", l.value("bytes", 0ull),
                           l.value("dir", "?"), l.value("path", "")));
}

result<exit_code> run(const options& o) {
    const auto end = clock::now() + std::chrono::duration_cast<clock::duration>(o.timeout);
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    const auto left = [&end] { return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(end - clock::now())); };
    auto health = ask(daemon, "/health", left());
    if (!health && nobody_there(health.error())) {
        print(o, false, json::array(), json::array());
        return exit_code::fine;
    }
    if (!health) return not_answering(daemon.socket(), health.error());
    const auto running = processes_of(health.value());
    const auto known = devices_of(daemon);
    const auto limit = std::chrono::ceil<milliseconds>(o.timeout);
    const json body{{"timeout_ms", limit.count()}};
    auto answer = daemon.post("/stop", body, left() + milliseconds(500));
    // It may be gone before we have read its answer, or be stopping already.
    const bool ending = !answer && (answer.error().code == "connection_lost" || answer.error().code == "busy" ||
                                    nobody_there(answer.error()));
    if (!answer && !ending) return not_answering(daemon.socket(), answer.error());
    if (const auto what = still_there(running, daemon.socket(), end))
        return failure{"timed_out", fmt::format("{} is still there after {}", *what, words::show_duration(o.timeout)),
                       "`drainctl status` tells what it waits for", exit_code::timed_out, 0};
    json held = answer ? answer.value().value("held", json::array()) : json::array();
    const json lost = answer ? answer.value().value("lost", json::array()) : json::array();
    add_holders(held, known);
    print(o, true, held, lost);
    if (!lost.empty()) return exit_code::violated;
    return held.empty() ? exit_code::fine : exit_code::busy;
}

}  // namespace

void declare_stop(command& c) {
    auto o = std::make_shared<options>();
    c.about("unmount everything and end the daemon", "drainctl stop --timeout 10s");
    c.option("--timeout", o->timeout, "give up after this (default 60s)");
    c.socket(o->socket).json_answer(o->json);
    c.note(
        "No daemon is fine (exit 0). Exit 16 when something was held and had to be detached, 1 when bytes are lost.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
