// What clients are told, endpoint by endpoint.
#include "tests/unit/control/daemon_world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>

using namespace drainlab;
using namespace drainlab::control;
using namespace drainlab::control::test;
using nlohmann::json;
using namespace std::chrono_literals;

TEST_CASE("health tells who the daemon is and what it can", "[api]") {
    daemon_world w;
    w.watch.warning = "a freeze would hang";
    json h = w.ask("GET", "/health");
    CHECK(w.status == 200);
    CHECK(h["ok"] == true);
    CHECK(h["umount_wait"] == "gate");
    CHECK(h["umount_wait_why"] == "");
    CHECK(h["gate_pid"] == 77);
    CHECK(h["policy"] == "persb");
    CHECK(h["limits"] == json{"a limit", "a freeze would hang"});
    CHECK(h["live_mounts"] == 0);
    w.mounted("a");
    w.watch.gate = false;
    h = w.ask("GET", "/health");
    CHECK(h["umount_wait"] == "api");
    CHECK(h["umount_wait_why"] == w.watch.why);
    CHECK(h["gate_pid"].is_null());
    CHECK(h["live_mounts"] == 1);
}

TEST_CASE("what there is not is not found", "[api]") {
    daemon_world w;
    for (const auto& [method, target] :
         std::vector<std::pair<std::string, std::string>>{{"GET", "/"},
                                                          {"GET", "/nothing"},
                                                          {"DELETE", "/mounts"},
                                                          {"GET", "/mounts/a"},
                                                          {"GET", "/mounts/a/why"},
                                                          {"GET", "/mounts/a/faults"},
                                                          {"POST", "/mounts/a/faults"},
                                                          {"PATCH", "/mounts/a"},
                                                          {"PUT", "/mounts/a/hold"},
                                                          {"GET", "/counters/take"},
                                                          {"GET", "/mounts/a/wait?state=dead"}}) {
        CAPTURE(method, target);
        CHECK(w.ask(method, target)["error"]["code"] == "not_found");
        CHECK(w.status == 404);
    }
}

TEST_CASE("a mount is made, shown, listed and unmounted", "[api]") {
    daemon_world w;
    const json made = w.ask("POST", "/mounts", {{"dir", "/proc"}, {"name", "a"}});
    REQUIRE(w.status == 201);
    CHECK(made["state"] == "live");
    w.line.emplace(1, w.kernel_side.accept());
    CHECK(w.ask("GET", "/mounts/a")["identity"] == made["identity"]);
    CHECK(w.ask("GET", "/mounts")["mounts"].size() == 1);
    CHECK(w.ask("POST", "/mounts", {{"dir", "/proc"}, {"name", "b"}})["error"]["code"] == "already_ours");
    CHECK(w.ask("POST", "/mounts", {{"dir", "/proc/sys"}, {"name", "b"}})["error"]["code"] == "on_drainfs");
    CHECK(w.ask("POST", "/mounts", {{"dir", "relative"}})["error"]["code"] == "bad_request");
    CHECK(w.ask("POST", "/mounts/a/umount", json::object())["state"] != "live");
    CHECK(w.status == 200);
    CHECK(w.ask("GET", "/mounts/a/wait?state=gone&timeout_ms=60000")["state"] == "gone");
    CHECK(w.ask("GET", "/mounts/1/wait?state=drained")["state"] == "gone");  // it has been through all of them
    CHECK(w.ask("GET", "/mounts/1")["phases_ns"]["dead"].is_number());
}

TEST_CASE("a long list is written in turns of the loop, and others are answered meanwhile", "[api]") {
    daemon_world w;
    constexpr int many = 70;
    for (int k = 0; k < many; ++k) {
        auto& m = w.mounted("n" + std::to_string(k));
        const auto id = m.id();
        w.mounts->unmount(m, false, false, [](int) {});
        w.gone(id);
    }
    w.reply.reset();
    w.send("GET", "/mounts", "");
    CHECK_FALSE(w.reply);
    CHECK(w.ask("GET", "/health")["ok"] == true);
    w.until([&] { return w.reply && w.reply->body.starts_with("{\"mounts\""); });
    const auto list = json::parse(w.reply->body)["mounts"];
    REQUIRE(list.size() == many);
    for (int k = 0; k < many; ++k) CHECK(list[static_cast<std::size_t>(k)]["name"] == "n" + std::to_string(k));
}

TEST_CASE("where the client sees another directory than the daemon, nothing is mounted", "[api]") {
    daemon_world w;
    const json seen{{"unique_id", 1}, {"mount_namespace", 2}, {"inode", 3}};
    CHECK(w.ask("POST", "/mounts", {{"dir", "/proc/none"}, {"seen", seen}})["error"]["code"] == "other_namespace");
    CHECK(w.ask("POST", "/mounts", {{"dir", "/proc/none"}})["error"]["code"] == "not_a_directory");
    CHECK(w.ask("POST", "/mounts", {{"dir", "/proc"}, {"store", "/tmp"}, {"store_seen", seen}})["error"]["code"] ==
          "other_namespace");
    CHECK(w.ask("POST", "/mounts", {{"dir", "/proc"}, {"store", "/none"}, {"store_seen", seen}})["error"]["code"] ==
          "other_namespace");
    CHECK(w.mounts->idle());
}

TEST_CASE("a mount's settings are changed, or refused", "[api]") {
    daemon_world w;
    w.mounted("a");
    const json v =
        w.ask("PATCH", "/mounts/a",
              {{"policy", "base"},
               {"page_cache", "keep"},
               {"umount_delay_ms", 5},
               {"dirty_limit_bytes", 65536},
               {"device", {{"latency_us", 7}, {"errors", {{{"op", "write"}, {"path", "*"}, {"errno", "EIO"}}}}}}});
    REQUIRE(w.status == 200);
    CHECK(v["policy"] == "base");
    CHECK(v["page_cache"] == "keep");
    CHECK(v["umount_delay_ms"] == 5);
    CHECK(v["device"]["latency_us"] == 7);
    CHECK(v["device"]["errors"][0]["errno"] == "EIO");
    CHECK(w.ask("PATCH", "/mounts/a", {{"policy", "nothing"}})["error"]["code"] == "unknown_policy");
    CHECK(w.ask("PATCH", "/mounts/a", {{"colour", "red"}})["error"]["code"] == "bad_request");
    w.watch.gate = false;
    CHECK(w.ask("PATCH", "/mounts/a", {{"umount_delay_ms", 5}})["error"]["code"] == "failed");
    CHECK(w.status == 501);
}

TEST_CASE("waits name what is wrong with them, and say what the mount is when time is up", "[api]") {
    daemon_world w;
    w.mounted("a");
    for (const char* query :
         {"state=asleep", "timeout_ms=5", "state=dead&timeout_ms=x", "state=dead&timeout_ms=3600001",
          "state=dead&timeout_ms=99999999999999999999", "state=dead&holders=maybe", "state=dead&more=1"}) {
        CAPTURE(query);
        CHECK(w.ask("GET", std::string{"/mounts/a/wait?"} + query)["error"]["code"] == "bad_request");
    }
    const json late = w.ask("GET", "/mounts/a/wait?state=dead&timeout_ms=0&holders=false");
    CHECK(w.status == 408);
    CHECK(late["error"]["code"] == "timed_out");
    CHECK(late["mount"]["state"] == "live");
    CHECK(w.ask("GET", "/mounts/a/wait_switch?timeout_ms=0")["mount"]["state"] == "live");
    CHECK(w.status == 408);
    CHECK(w.ask("GET", "/mounts/a/wait_switch?state=dead")["error"]["code"] == "bad_request");
}

TEST_CASE("a client that goes leaves no wait behind", "[api]") {
    daemon_world w;
    w.mounted("a");
    const auto hangup = std::make_shared<http_hangup>();
    w.send("GET", "/mounts/a/wait?state=dead", "", hangup);
    CHECK(w.mounts->waits() == 1);
    REQUIRE(hangup->then);
    hangup->then();
    CHECK(w.mounts->waits() == 0);
    CHECK_FALSE(w.reply.has_value());
}

TEST_CASE("a drain is held and let go", "[api]") {
    daemon_world w;
    auto& m = w.mounted("a");
    CHECK(w.ask("POST", "/mounts/a/hold", {{"for_ms", 40}})["state"] == "live");
    CHECK(m.super()->drain_hold == 40ms);
    w.ask("DELETE", "/mounts/a/hold");
    CHECK(m.super()->drain_hold == 0ms);
    CHECK(w.ask("POST", "/mounts/a/hold", {{"for_ms", "long"}})["error"]["code"] == "bad_request");
}

TEST_CASE("why an unmount failed", "[api]") {
    daemon_world w;
    w.mounted("a");
    w.watch.answers = {EBUSY};
    const json busy = w.ask("POST", "/mounts/a/umount", json::object());
    CHECK(w.status == 409);
    CHECK(busy["error"]["code"] == "busy");
    CHECK(busy.contains("holders"));
    w.watch.answers = {ENOENT};
    CHECK(w.ask("POST", "/mounts/a/umount", json::object())["error"]["code"] == "not_found");
    w.watch.answers = {EXDEV};
    CHECK(w.ask("POST", "/mounts/a/umount", {{"lazy", true}})["error"]["hint"] == "unmount that first");
    w.watch.answers = {EIO};
    CHECK(w.ask("POST", "/mounts/a/umount", {{"force", true}})["error"]["code"] == "failed");
    CHECK(w.status == 500);
    CHECK(w.watch.unmounts == std::vector<std::string>{"plain /proc", "plain /proc", "lazy /proc", "force /proc"});
    CHECK(w.ask("POST", "/mounts/a/umount", {{"softly", true}})["error"]["code"] == "bad_request");
}

TEST_CASE("faults are added, listed, released and cleared by their names", "[api]") {
    daemon_world w;
    w.mounted("a");
    CHECK(w.ask("POST", "/mounts/a/faults", {{"name", "slow"}, {"op", "read"}, {"delay_us", 5}})["name"] == "slow");
    CHECK(w.status == 201);
    CHECK(w.ask("POST", "/mounts/a/faults", {{"name", "slow"}, {"op", "read"}, {"delay_us", 5}})["error"]["code"] ==
          "bad_request");
    CHECK(w.ask("POST", "/mounts/a/faults", {{"op", "eat"}})["error"]["code"] == "bad_request");
    CHECK(w.ask("GET", "/mounts/a/faults")["faults"].size() == 1);
    CHECK(w.ask("POST", "/mounts/a/faults/release", {{"name", "quick"}})["error"]["hint"] == "there are: slow");
    CHECK(w.ask("POST", "/mounts/a/faults/release", {{"name", "slow"}})["released"] == 0);
    CHECK(w.ask("DELETE", "/mounts/a/faults/quick")["error"]["code"] == "not_found");
    CHECK(w.ask("DELETE", "/mounts/a/faults/slow")["cleared"] == 1);
    CHECK(w.ask("DELETE", "/mounts/a/faults/slow")["error"]["hint"] == "there is none at all");
    CHECK(w.ask("DELETE", "/mounts/a/faults")["cleared"] == 0);
    CHECK(w.ask("PUT", "/mounts/a/faults")["error"]["code"] == "not_found");
}

TEST_CASE("points are widened by their names, and listed with their widths", "[api]") {
    daemon_world w;
    const auto width = [](const json& answer, const std::string& point) {
        for (const auto& p : answer["points"])
            if (p["point"] == point) return p["for_us"].get<int>();
        return -1;
    };
    CHECK(width(w.ask("GET", "/widen"), "isw_prepared") == 0);
    CHECK(width(w.ask("PUT", "/widen", {{"point", "isw_prepared"}, {"for_us", 250}}), "isw_prepared") == 250);
    CHECK(width(w.ask("PUT", "/widen", {{"point", "isw_prepared"}, {"for_us", 0}}), "isw_prepared") == 0);
    const json unknown = w.ask("PUT", "/widen", {{"point", "isw_perpared"}, {"for_us", 1}});
    CHECK(unknown["error"]["hint"].get<std::string>().find("isw_prepared") != std::string::npos);
    CHECK(w.ask("PUT", "/widen", {{"point", 5}})["error"]["code"] == "bad_request");
}

TEST_CASE("a policy for all mounts, and the next", "[api]") {
    daemon_world w;
    w.mounted("a");
    CHECK(w.ask("PUT", "/policy", {{"policy", "base"}})["policy"] == "base");
    CHECK(w.ask("GET", "/mounts/a")["policy"] == "base");
    CHECK(w.ask("GET", "/health")["policy"] == "base");
    CHECK(w.ask("PUT", "/policy", {{"policy", "nothing"}})["error"]["code"] == "unknown_policy");
    CHECK(w.ask("PUT", "/policy", {{"colour", "red"}})["error"]["code"] == "bad_request");
}

TEST_CASE("a stop names who was held and what is lost", "[api]") {
    daemon_world w;
    w.outcome.held = {{"/proc", "a", "", true}, {"/sys", "b", "busy", false}};
    w.outcome.lost = {{"a", "/proc", "/f", 4096}};
    const json said = w.ask("POST", "/stop", {{"timeout_ms", 1500}});
    CHECK(w.stops == std::vector<milliseconds>{1500ms});
    CHECK(said["held"][0] == json{{"dir", "/proc"}, {"name", "a"}, {"left", nullptr}, {"draining", true}});
    CHECK(said["held"][1]["left"] == "busy");
    CHECK(said["lost"][0] == json{{"dir", "/proc"}, {"name", "a"}, {"path", "/f"}, {"bytes", 4096}});
    w.refuse_stop = true;
    CHECK(w.ask("POST", "/stop")["error"]["code"] == "busy");
    CHECK(w.ask("POST", "/stop", {{"timeout_ms", -1}})["error"]["code"] == "bad_request");
}

TEST_CASE("counters add up what has gone and what lives; a take starts anew", "[api]") {
    daemon_world w;
    auto& m = w.mounted("a");
    w.mounts->unmount(m, false, false, [](int) {});
    w.gone(1);
    w.mounted("b");
    const json all = w.ask("GET", "/counters");
    CHECK(all["drain"]["calls"] == 1);
    CHECK_FALSE(all.contains("rcu_ns"));
    const json first = w.ask("POST", "/counters/take"), second = w.ask("POST", "/counters/take");
    CHECK(first["drain"]["calls"] == 1);
    CHECK(second["drain"]["calls"] == 0);
    CHECK(second["since_ns"] > first["since_ns"]);
    CHECK(second.contains("rcu_ns"));
    CHECK(w.ask("GET", "/counters")["drain"]["calls"] == 1);
    w.send("GET", "/metrics", "");
    REQUIRE(w.reply);
    CHECK(w.reply->content_type.starts_with("application/openmetrics-text"));
    CHECK(w.reply->body.find("drainfs_drains_total 1\n") != std::string::npos);
}

TEST_CASE("who waits for what, by name", "[api]") {
    daemon_world w;
    w.mounted("a");
    w.send("GET", "/mounts/a/wait_switch?timeout_ms=60000", "");
    w.io.poll();
    const json tasks = w.ask("GET", "/waiting")["tasks"];
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [](const json& t) { return t["task"] == "wait_switch"; });
    REQUIRE(found != tasks.end());
    CHECK((*found)["waits_for"] == "a switch, to tell a client");
    CHECK((*found)["kind"] == "service");
}
