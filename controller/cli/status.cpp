// drainctl status
#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

void print_mount(const json& m) {
    const json switches = m.value("switches", json::object());
    fmt::print("  {} {} on {} ({}, policy {}, umount waits by {})\n", text_of(m, "id"), text_of(m, "name"),
               text_of(m, "dir"), text_of(m, "state"), text_of(m, "policy"), text_of(m, "umount_wait"));
    fmt::print("    switches in flight {}, queued {}, done {}; open files {}, inodes {}, dirty {} B\n",
               text_of(m, "isw_in_flight"), text_of(switches, "queued"), text_of(switches, "done"),
               text_of(m, "open_files"), text_of(m, "inodes"), text_of(m, "dirty_bytes"));
    for (const auto& v : m.value("violations", json::array()))
        fmt::print("    {}\n", painted("violation: " + text_of(v, "message"), "31"));
}

void print_text(const json& health, const json& mounts, const json& counters) {
    fmt::print("drainfs {} pid {} on {}\n", text_of(health, "version"), text_of(health, "pid"),
               text_of(health, "socket"));
    fmt::print("log {}\n", text_of(health, "log"));
    fmt::print("profile {}, policy {}, umount waits by {}, identity {}, detach event {}, memcg death by {}\n",
               text_of(health, "profile"), text_of(health, "policy"), text_of(health, "umount_wait"),
               text_of(health, "identity"), text_of(health, "detach_event"),
               text_of(health, "memcg_death") == "poll" ? "the exit of its members" : text_of(health, "memcg_death"));
    fmt::print("{} mount{}\n", mounts.size(), mounts.size() == 1 ? "" : "s");
    for (const auto& m : mounts) print_mount(m);
    const json drain = counters.value("drain", json::object());
    fmt::print("switches in flight {}; drains {}, waited {}; grace periods {}; requests {}; violations {}\n",
               text_of(counters, "isw_nr_in_flight"), text_of(drain, "calls"), text_of(drain, "waited"),
               text_of(counters, "grace_periods"), text_of(counters, "requests"),
               counters.value("violations", json::array()).size());
}

result<exit_code> no_daemon(const options& o, const std::string& socket) {
    if (o.json)
        print_json({{"schema", "drainlab.status/1"},
                    {"running", false},
                    {"socket", socket},
                    {"daemon", nullptr},
                    {"mounts", json::array()},
                    {"counters", nullptr}});
    else
        fmt::print("no daemon on {}\n", socket);
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
    auto health = daemon.get("/health");
    if (!health && nobody_there(health.error())) return no_daemon(o, daemon.socket());
    if (!health) return health.error();
    BOOST_OUTCOME_TRY(auto mounts, daemon.get("/mounts"));
    BOOST_OUTCOME_TRY(auto counters, daemon.get("/counters"));
    counters.erase("rcu_ns");  // up to 400,000 samples
    if (o.json)
        print_json({{"schema", "drainlab.status/1"},
                    {"running", true},
                    {"socket", daemon.socket()},
                    {"daemon", health.value()},
                    {"mounts", present(mounts)},
                    {"counters", counters}});
    else
        print_text(health.value(), present(mounts), counters);
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
