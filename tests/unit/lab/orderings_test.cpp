#include "controller/lab/orderings.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab::lab;
using drainlab::guest::trace_event;
using story = std::vector<trace_event>;

namespace {

constexpr int umount = 100, worker = 7, switcher = 50;

/// Events a microsecond apart, in the order written.
story told(std::vector<std::tuple<int, const char*, const char*>> lines) {
    story events;
    for (const auto& [pid, name, rest] : lines) {
        trace_event e;
        e.task = "t";
        e.pid = pid;
        e.at_ns = static_cast<std::int64_t>(events.size() + 1) * 1000;
        e.name = name;
        e.rest = rest;
        events.push_back(e);
    }
    return events;
}

/// An own switch by the offline cleanup that is queued before the drain, a worker of era B, and a drain by these waits.
story whole(const std::vector<const char*>& waits, const char* in_flight = "inflight=1") {
    auto s = told({{switcher, "in_cleanup_offline_cgwb", "wb=0x1"},
                   {switcher, "in_inode_prepare_wbs_switch", "inode=0x10 sb=0xa"},
                   {switcher, "out_inode_prepare_wbs_switch", "ok=0x1"},
                   {switcher, "out_cleanup_offline_cgwb", ""},
                   {worker, "in_inode_switch_wbs_work_fn", "work=0x1"},
                   {worker, "in_synchronize_rcu", ""},
                   {umount, "in_generic_shutdown_super", "sb=0xa"},
                   {umount, "in_cgroup_writeback_umount", in_flight}});
    const auto add = [&](int pid, const std::string& name, const char* rest = "") {
        auto one = told({{pid, "", rest}});
        one.front().name = name;
        one.front().at_ns = static_cast<std::int64_t>(s.size() + 1) * 1000;
        s.push_back(one.front());
    };
    bool worker_over = false;
    for (const auto* w : waits) {
        add(umount, std::string("in_") + w);
        if (!worker_over && std::string(w) != "rcu_barrier" && std::string(w) != "synchronize_rcu") {
            add(worker, "out_synchronize_rcu");
            add(worker, "out_inode_switch_wbs_work_fn");
            worker_over = true;
        }
        if (std::string(w) != "prepare_to_wait_event") add(umount, std::string("out_") + w);
    }
    if (!worker_over) {
        add(worker, "out_synchronize_rcu");
        add(worker, "out_inode_switch_wbs_work_fn");
    }
    add(umount, "out_cgroup_writeback_umount");
    add(umount, "in_evict_inodes", "sb=0xa");
    add(umount, "out_evict_inodes");
    add(umount, "out_generic_shutdown_super");
    return s;
}

const std::vector<const char*> base_waits{"rcu_barrier", "__flush_workqueue"};
const std::vector<const char*> race_waits{"synchronize_rcu", "rcu_barrier", "__flush_workqueue"};
const std::vector<const char*> rmbarrier_waits{"synchronize_rcu", "__flush_workqueue"};
const std::vector<const char*> persb_waits{"prepare_to_wait_event"};

/// The event moved behind another one, as if it had happened right after it.
story moved(story s, const std::string& which, const std::string& behind) {
    const auto named = [](const std::string& name) { return [name](const trace_event& e) { return e.name == name; }; };
    const auto from = std::find_if(s.begin(), s.end(), named(which));
    const auto event = *from;
    s.erase(from);
    s.insert(std::next(std::find_if(s.begin(), s.end(), named(behind))), event);
    for (std::size_t i = 0; i < s.size(); ++i) s[i].at_ns = static_cast<std::int64_t>(i + 1) * 1000;
    return s;
}

}  // namespace

TEST_CASE("a trace is accepted under its own policy and under no other", "[lab][orderings]") {
    const std::vector<std::pair<std::string, story>> traces{{"base", whole(base_waits)},
                                                            {"race", whole(race_waits)},
                                                            {"rmbarrier", whole(rmbarrier_waits)},
                                                            {"persb", whole(persb_waits)}};
    for (const auto& [own, trace] : traces)
        for (const auto& policy : checkable_policies()) {
            CAPTURE(own, policy);
            const auto v = check_orderings(trace, policy);
            INFO(v.rule << ": " << v.event);
            CHECK(v.accepted == (own == policy));
            CHECK(v.unmounts == 1);
            CHECK(v.waited == 1);
            CHECK(v.switches == 1);
        }
}

TEST_CASE("rework: the work follows its queueing and waits for no grace period", "[lab][orderings]") {
    auto trace = told({{switcher, "in_cleanup_offline_cgwb", ""},
                       {switcher, "in_inode_prepare_wbs_switch", "inode=0x10 sb=0xa"},
                       {switcher, "out_inode_prepare_wbs_switch", "ok=1"},
                       {switcher, "in_queue_rcu_work", "work=0x55"},
                       {switcher, "out_cleanup_offline_cgwb", ""},
                       {umount, "in_generic_shutdown_super", "sb=0xa"},
                       {umount, "in_cgroup_writeback_umount", "inflight=1"},
                       {umount, "in_rcu_barrier", ""},
                       {umount, "out_rcu_barrier", ""},
                       {umount, "in___flush_workqueue", ""},
                       {worker, "in_inode_switch_wbs_work_fn", "work=0x55"},
                       {worker, "out_inode_switch_wbs_work_fn", ""},
                       {umount, "out___flush_workqueue", ""},
                       {umount, "out_cgroup_writeback_umount", ""},
                       {umount, "in_evict_inodes", ""}});
    CHECK(check_orderings(trace, "rework").accepted);
    CHECK(check_orderings(trace, "base").rule == "era");
    // The work of another queueing says nothing of this inode.
    trace[10].rest = "work=0x66";
    CHECK(check_orderings(trace, "rework").rule == "drained");
    CHECK(check_orderings(moved(whole(base_waits), "in_generic_shutdown_super", "in_cgroup_writeback_umount"), "rework")
              .rule == "era");
}

TEST_CASE("a switch that outlives the drain is found at the eviction", "[lab][orderings]") {
    for (const auto& [policy, waits] :
         {std::pair{"base", base_waits}, std::pair{"rmbarrier", rmbarrier_waits}, std::pair{"persb", persb_waits}}) {
        CAPTURE(policy);
        const auto v = check_orderings(moved(whole(waits), "out_inode_switch_wbs_work_fn", "in_evict_inodes"), policy);
        CHECK_FALSE(v.accepted);
        CHECK(v.rule == "drained");
        CHECK_THAT(v.event, Catch::Contains("in_evict_inodes"));
    }
}

TEST_CASE("nothing is prepared once the drain has begun", "[lab][orderings]") {
    auto s = whole(persb_waits);
    auto late = told({{switcher, "in_inode_prepare_wbs_switch", "inode=0x11 sb=0xa"},
                      {switcher, "out_inode_prepare_wbs_switch", "ok=1"}});
    s.insert(std::find_if(s.begin(), s.end(), [](const auto& e) { return e.name == "out_cgroup_writeback_umount"; }),
             late.begin(), late.end());
    CHECK(check_orderings(s, "persb").rule == "closed");
    // An attempt that is refused is no harm, nor is one on another superblock.
    for (auto& e : s)
        if (e.rest == "inode=0x11 sb=0xa") e.rest = "inode=0x11 sb=0xb";
    CHECK(check_orderings(s, "persb").accepted);
}

TEST_CASE("the drain's grace period ends after every batch that was open", "[lab][orderings]") {
    auto s = whole(rmbarrier_waits);
    // A second inode of a batch that began before; it goes on after the grace period has ended.
    const auto v = check_orderings(moved(s, "out_inode_prepare_wbs_switch", "out_synchronize_rcu"), "rmbarrier");
    CHECK_FALSE(v.accepted);
}

TEST_CASE("persb sleeps for its own switches only", "[lab][orderings]") {
    auto s = whole(persb_waits);
    for (auto& e : s)
        if (e.rest == "inode=0x10 sb=0xa") e.rest = "inode=0x10 sb=0xb";
    CHECK(check_orderings(s, "persb").rule == "own");
}

TEST_CASE("global policies wait if, and only if, something is in flight", "[lab][orderings]") {
    const auto idle = told({{umount, "in_generic_shutdown_super", "sb=0xa"},
                            {umount, "in_cgroup_writeback_umount", "inflight=0"},
                            {umount, "out_cgroup_writeback_umount", ""},
                            {umount, "in_evict_inodes", ""}});
    auto v = check_orderings(idle, "base");
    CHECK(v.accepted);
    CHECK(v.vacuous());
    auto busy = idle;
    busy[1].rest = "inflight=3";
    CHECK(check_orderings(busy, "base").rule == "waits");
    CHECK(check_orderings(busy, "persb").accepted);
}

TEST_CASE("an unmount meets the window when its drain begins between prepared and queued", "[lab][orderings]") {
    CHECK(check_orderings(whole(base_waits), "base").in_window == 0);
    const auto met = moved(whole(base_waits), "out_cleanup_offline_cgwb", "in_cgroup_writeback_umount");
    CHECK(check_orderings(met, "base").in_window == 1);
}

TEST_CASE("a trace that begins and ends anywhere is read as far as it goes", "[lab][orderings]") {
    const auto all = whole(race_waits);
    for (std::size_t from = 0; from < all.size(); ++from)
        for (std::size_t to = from; to <= all.size(); ++to) {
            const story part(all.begin() + static_cast<std::ptrdiff_t>(from),
                             all.begin() + static_cast<std::ptrdiff_t>(to));
            CHECK(check_orderings(part, "race").unmounts <= 1);
        }
}
