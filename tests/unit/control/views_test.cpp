#include "fusefs/control/views.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>

using namespace drainlab;
using namespace drainlab::control;
using nlohmann::json;

namespace {

mount_view some_view() {
    mount_view v;
    v.id = 7;
    v.name = "a";
    v.dir = "/mnt/a";
    v.policy = "persb";
    v.state = mount_state::dying;
    v.gated = true;
    v.phases_ns = {100, 200, 0, 0};
    return v;
}

}  // namespace

TEST_CASE("a mount's view has null where there is nothing, and its phases by name", "[views]") {
    const json j = to_json(some_view());
    CHECK(j["id"] == 7);
    CHECK(j["state"] == "dying");
    CHECK(j["umount_wait"] == "gate");
    CHECK(j["page_cache"] == "drop");
    CHECK(j["phases_ns"] == json{{"detached", 100}, {"drain_begins", 200}, {"drained", nullptr}, {"dead", nullptr}});
    for (const char* key : {"store", "bdi", "with_pid", "identity"}) {
        CAPTURE(key);
        CHECK(j[key].is_null());
    }
    CHECK(j["drain"]["in_flight_at_entry"].is_null());
    for (const char* key : {"faults", "lost", "store_calls", "violations"}) CHECK(j[key] == json::array());
}

TEST_CASE("a mount's view tells what is set", "[views]") {
    auto v = some_view();
    v.who.dev = 0x33;
    v.who.id = 9;
    v.store = "/store\xff";
    v.bdi = "disk";
    v.with_pid = 12;
    v.keep_pages = true;
    v.gated = false;
    v.device.errors.push_back({"write", "*.db", 0.5, "EIO", 3});
    v.device_errors.emplace_back(4, 2);
    v.lost.push_back({"/f\n", 4096, "ENOSPC"});
    v.store_calls.push_back({"fsync", "", 55});
    v.drain.calls = 1;
    v.drain.in_flight_at_entry = 3;
    kernel::violation broken;
    broken.invariant = "busy_inodes";
    broken.mount = "a";
    v.violations.push_back(broken);
    const json j = to_json(v);
    CHECK(j["identity"]["unique_id"] == 9);
    CHECK(j["identity"]["mount_id"].is_null());
    CHECK(j["store"] == "/store\\xff");
    CHECK(j["bdi"] == "disk");
    CHECK(j["with_pid"] == 12);
    CHECK(j["page_cache"] == "keep");
    CHECK(j["umount_wait"] == "api");
    CHECK(j["device"]["errors"][0] ==
          json{{"op", "write"}, {"path", "*.db"}, {"probability", 0.5}, {"errno", "EIO"}, {"seed", 3}});
    CHECK(j["device_observed"]["errors"][0] == json{{"matched", 4}, {"injected", 2}});
    CHECK(j["lost"][0] == json{{"path", "/f\\x0a"}, {"bytes", 4096}, {"error", "ENOSPC"}});
    CHECK(j["store_calls"][0] == json{{"call", "fsync"}, {"file", nullptr}, {"since_ns", 55}});
    CHECK(j["drain"]["in_flight_at_entry"] == 3);
    CHECK(j["violations"][0]["invariant"] == "busy_inodes");
    CHECK(j["violations"][0]["producer"].is_null());
}

TEST_CASE("a fault's view has what was asked beside what was seen", "[views]") {
    mount_view::fault_view f;
    f.asked.name = "slow";
    f.asked.ops = fault::any_operation();
    CHECK(to_json(f)["asked"]["op"] == "any");
    f.asked.ops.reset();
    f.asked.ops.set(0);
    f.asked.delay = std::chrono::milliseconds{3};
    f.asked.error = EIO;
    f.saw.matched = 5;
    const json j = to_json(f);
    CHECK(j["asked"]["op"] == json::array({fault::operation_words[0]}));
    CHECK(j["asked"]["delay_us"] == 3000);
    CHECK(j["asked"]["errno"] == "EIO");
    CHECK(j["asked"]["hang"] == false);
    CHECK(j["asked"]["limit_ms"].is_null());
    CHECK(j["observed"]["matched"] == 5);
}

TEST_CASE("counters come with samples only where these are taken", "[views]") {
    counters c;
    c.switches.queued = 4;
    c.switches.by_producer = {1, 2, 1};
    c.samples.barrier = 1;
    c.rcu.barrier = {77};
    c.switch_ns = {5, 6};
    const json plain = to_json(c), full = to_json_with_samples(c);
    CHECK(plain["switches"]["by_producer"] == json{{"vote", 1}, {"offline", 2}, {"blkcg", 1}});
    CHECK(plain["samples"]["barrier"] == 1);
    CHECK_FALSE(plain.contains("rcu_ns"));
    CHECK(full["rcu_ns"]["barrier"] == json::array({77}));
    CHECK(full["rcu_ns"]["switch"] == json::array({5, 6}));
}

TEST_CASE("metrics name each mount that is not gone, once in each state, and end as they must", "[views]") {
    auto odd = some_view();
    odd.name = "with \"quotes\"\\ and\nlines";
    odd.dirty_bytes = 4096;
    auto gone = some_view();
    gone.name = "gone";
    gone.state = mount_state::gone;
    counters c;
    c.requests = 3;
    umount_times times;
    times["persb"].drain.record(150'000);
    const auto text = to_open_metrics(c, {odd, gone}, times);
    CHECK(text.find("drainfs_requests_total 3\n") != std::string::npos);
    CHECK(text.find(R"(drainfs_mount_state{mount="with \"quotes\"\\ and\nlines",drainfs_mount_state="dying"} 1)") !=
          std::string::npos);
    CHECK(text.find(R"(drainfs_mount_dirty_bytes{mount="with \"quotes\"\\ and\nlines"} 4096)") != std::string::npos);
    CHECK(text.find("\"gone\"") == std::string::npos);
    CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("lengths of drains are counted in buckets that double, each with all below it", "[views]") {
    length_histogram h;
    for (const std::int64_t ns : std::initializer_list<std::int64_t>{50'000, 100'000, 150'000, 900'000'000'000})
        h.record(ns);
    CHECK(h.total() == 4);
    CHECK(h.count(0) == 2);  // a bucket has its upper end
    CHECK(h.count(1) == 1);
    CHECK(h.count(length_histogram::buckets) == 1);
    umount_times times;
    times["base"].umount = h;
    const auto text = to_open_metrics(times);
    CHECK(text.find(R"(drainfs_umount_duration_seconds_bucket{policy="base",le="0.0002"} 3)") != std::string::npos);
    CHECK(text.find(R"(drainfs_umount_duration_seconds_bucket{policy="base",le="+Inf"} 4)") != std::string::npos);
    CHECK(text.find(R"(drainfs_umount_duration_seconds_count{policy="base"} 4)") != std::string::npos);
}

TEST_CASE("latenesses of the loop: quantiles at most an eighth too large, the largest exact", "[views]") {
    lag_histogram h;
    CHECK(summary_of(h).max_us == 0);
    for (int k = 0; k < 98; ++k) h.record(10'000);
    h.record(-5);
    h.record(7'000'000);
    const auto s = summary_of(h);
    CHECK(h.total() == 100);
    CHECK(s.p50_us >= 10);
    CHECK(s.p50_us <= 10 * 1.125);
    CHECK(s.max_us == 7000);
    CHECK(s.p99_us <= s.max_us);
}

TEST_CASE("a bucket counts what is longer than the one before, up to its upper end", "[views]") {
    for (std::size_t bucket = 1; bucket < lag_histogram::buckets; ++bucket) {
        CAPTURE(bucket);
        lag_histogram h;
        h.record(lag_histogram::upper(bucket));
        h.record(lag_histogram::upper(bucket - 1) + 1);
        REQUIRE(h.count(bucket) == 2);
        REQUIRE(lag_histogram::upper(bucket) * 8 <= lag_histogram::upper(bucket - 1) * 9 + 8);
    }
    length_histogram h;
    h.record(length_histogram::upper(length_histogram::buckets - 1) + 1);
    CHECK(h.count(length_histogram::buckets) == 1);
    CHECK(h.quantile(0.5) == h.max_ns());
}

TEST_CASE("what can be waited for: phases and states by name", "[views]") {
    for (const auto word : milestone_words) {
        CAPTURE(word);
        const auto m = parse_milestone(word);
        REQUIRE(m);
        CHECK(to_string(*m) == word);
    }
    CHECK(std::holds_alternative<phase>(*parse_milestone("dead")));
    CHECK(std::holds_alternative<mount_state>(*parse_milestone("gone")));
    CHECK_FALSE(parse_milestone("asleep"));
}
