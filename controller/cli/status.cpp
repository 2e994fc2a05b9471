// drainctl status
#include "controller/cli/daemon.hpp"
#include "controller/cli/mount_text.hpp"
#include "controller/cli/other_daemons.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/status_activity.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <optional>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    std::string socket;
    bool json = false;
};

std::string text_of(const json& object, const char* key) {
    const json v = object.value(key, json());
    return v.is_string() ? v.get<std::string>() : v.is_null() ? "-" : v.dump();
}

/// How long ago, on CLOCK_MONOTONIC, as the daemon counts.
std::string age_of(const json& call) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto age = now - std::chrono::nanoseconds(call.value("since_ns", std::int64_t{0}));
    return words::show_duration(std::chrono::floor<std::chrono::milliseconds>(age));
}

/// MOUNT, with its options in one word and with what we have seen of it.
json with_activity(const json& mounts, const activities& seen) {
    json all = mounts;
    for (auto& m : all) {
        const auto found = seen.find(id_of(m));
        m["mount_options"] = mount_text(m);
        m["activity"] = found == seen.end() ? json() : activity_document(found->second);
    }
    return all;
}

void print_mount(const json& m, const activities& seen) {
    const json switches = m.value("switches", json::object());
    fmt::print("  {} {} on {} ({}, policy {}, umount waits by {})\n", text_of(m, "id"), text_of(m, "name"),
               text_of(m, "dir"), text_of(m, "state"), text_of(m, "policy"), text_of(m, "umount_wait"));
    fmt::print("    options {}\n", mount_text(m));
    fmt::print("    switches in flight {}, queued {}, done {}; open files {}, inodes {}, dirty {} B\n",
               text_of(m, "isw_in_flight"), text_of(switches, "queued"), text_of(switches, "done"),
               text_of(m, "open_files"), text_of(m, "inodes"), text_of(m, "dirty_bytes"));
    for (const auto& c : m.value("store_calls", json::array()))
        fmt::print("    waits for its store: {}{} since {}\n", text_of(c, "call"),
                   c.value("file", json()).is_string() ? " of " + text_of(c, "file") : "", age_of(c));
    if (const auto found = seen.find(id_of(m)); found != seen.end())
        print_activity(found->second);
    else if (!is_idle(m))
        fmt::print("    not idle; `drainctl why {}` says more\n", text_of(m, "name"));
    for (const auto& l : m.value("lost", json::array()))
        fmt::print("    {}\n", painted("lost: " + text_of(l, "bytes") + " bytes of " + text_of(l, "path") + ": " +
                                           text_of(l, "error"),
                                       "31"));
    for (const auto& v : m.value("violations", json::array()))
        fmt::print("    {}\n", painted("violation: " + text_of(v, "message"), "31"));
}

void print_text(const json& health, const json& mounts, const json& counters, const activities& seen) {
    fmt::print("drainfs {} pid {} on {}\n", text_of(health, "version"), text_of(health, "pid"),
               text_of(health, "socket"));
    fmt::print("log {}\n", text_of(health, "log"));
    fmt::print("profile {}, policy {}, umount waits by {}, identity {},\n  detach event {}, memcg death by {}\n",
               text_of(health, "profile"), text_of(health, "policy"), text_of(health, "umount_wait"),
               text_of(health, "identity"), text_of(health, "detach_event"),
               text_of(health, "memcg_death") == "poll" ? "the exit of its members" : text_of(health, "memcg_death"));
    fmt::print("{} mount{}\n", mounts.size(), mounts.size() == 1 ? "" : "s");
    for (const auto& m : mounts) print_mount(m, seen);
    const json drain = counters.value("drain", json::object());
    fmt::print("switches in flight {}; drains {}, waited {}; grace periods {}; requests {}; violations {}\n",
               text_of(counters, "isw_nr_in_flight"), text_of(drain, "calls"), text_of(drain, "waited"),
               text_of(counters, "grace_periods"), text_of(counters, "requests"),
               counters.value("violations", json::array()).size());
}

result<exit_code> no_daemon(const options& o, const std::string& socket) {
    const auto others = other_daemons(0);
    if (o.json) {
        print_json({{"schema", "drainlab.status/1"},
                    {"running", false},
                    {"socket", socket},
                    {"daemon", nullptr},
                    {"mounts", json::array()},
                    {"counters", nullptr},
                    {"other_daemons", other_daemons_document(others)}});
        return exit_code::fine;
    }
    fmt::print("no daemon on {}\n", socket);
    print_other_daemons(others);
    return exit_code::fine;
}

/// All that are not gone yet.
json present(const json& answer) {
    json mounts = json::array();
    for (const auto& m : answer.value("mounts", json::array()))
        if (m.value("state", "") != "gone") mounts.push_back(m);
    return mounts;
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    const auto left = [&end] {
        return std::max(std::chrono::milliseconds(1),
                        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()));
    };
    const auto silent = [&](const failure& why) -> result<exit_code> {
        if (nobody_there(why)) return no_daemon(o, daemon.socket());
        return not_answering(daemon.socket(), why);
    };
    auto health = ask(daemon, "/health", left());
    if (!health) return silent(health.error());
    auto asked_mounts = ask(daemon, "/mounts", left());
    if (!asked_mounts) return silent(asked_mounts.error());
    auto asked_counters = ask(daemon, "/counters", left());
    if (!asked_counters) return silent(asked_counters.error());
    const json mounts = present(asked_mounts.value());
    const auto seen = look_at(mounts, daemon.socket());
    const auto others = other_daemons(health.value().value("pid", 0));
    if (o.json) {
        print_json({{"schema", "drainlab.status/1"},
                    {"running", true},
                    {"socket", daemon.socket()},
                    {"daemon", health.value()},
                    {"mounts", with_activity(mounts, seen)},
                    {"counters", asked_counters.value()},
                    {"other_daemons", other_daemons_document(others)}});
        return exit_code::fine;
    }
    print_text(health.value(), mounts, asked_counters.value(), seen);
    print_other_daemons(others);
    return exit_code::fine;
}

}  // namespace

void declare_status(command& c) {
    auto o = std::make_shared<options>();
    c.about("the daemon, its mounts and their states, switches in flight, counters, the log",
            "drainctl status --json | jq '.mounts[].state'");
    c.socket(o->socket).json_answer(o->json);
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
