#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("umount of an idle mount while another mount switches inodes", "[drain]") {
    const auto seed = GENERATE(range(std::uint64_t{0}, std::uint64_t{30}));
    CAPTURE(seed);
    model_world w{seed};
    const std::string policy = GENERATE("base", "race", "rmbarrier", "persb");
    CAPTURE(policy);
    const auto busy = w.mount("busy", policy);
    const auto idle = w.mount("idle", policy);
    const auto i = kernel::iget_locked(*busy, 7);
    REQUIRE(w.run(w.write_pages(i, 1, w.cgroup("first"), true)));
    REQUIRE(w.run(w.write_pages(i, 9, w.cgroup("second"), true)));
    REQUIRE(w.host->isw_nr_in_flight.peek() > 0);
    REQUIRE(w.umount(idle));
    CHECK(idle->state == kernel::sb_state::dead);
    CHECK(idle->drain.calls == 1);
    if (policy == "persb") {
        CHECK(idle->drain.waited == 0);
        CHECK(idle->drain.ns == 0);
    } else {
        CHECK(idle->drain.waited == 1);
        CHECK(busy->switches.done == 1);  // it sat through the other mount's switch
        CHECK(idle->drain.ns > 0);
    }
    CHECK(w.host->violations.empty());
}

TEST_CASE("with nothing in flight no policy waits", "[drain]") {
    for (const auto* policy : kernel::drain_policies()) {
        CAPTURE(policy->id());
        model_world w;
        const auto sb = w.mount("a", policy->id());
        const auto i = kernel::iget_locked(*sb, 7);
        REQUIRE(w.run(w.write_pages(i, 4, w.cgroup("own"), false)));
        REQUIRE(w.umount(sb));
        CHECK(sb->drain.waited == 0);
        CHECK(w.fs.device.bytes_stored == 4 * page_size);
        CHECK(w.fs.put_supers == 1);
        CHECK(sb->s_inodes.empty());
        CHECK(w.host->violations.empty());
    }
}

TEST_CASE("persb waits for its own superblock's switches, to their last put", "[drain]") {
    const auto seed = GENERATE(range(std::uint64_t{0}, std::uint64_t{30}));
    CAPTURE(seed);
    model_world w{seed};
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.write_pages(i, 1, w.cgroup("first"), true)));
    REQUIRE(w.run(w.write_pages(i, 9, w.cgroup("second"), true)));
    REQUIRE(sb->own_in_flight == 1);
    REQUIRE(w.umount(sb));
    CHECK(sb->drain.waited == 1);
    CHECK(sb->switches.done == 1);
    CHECK(sb->s_isw_nr_in_flight.peek() == 0);
    CHECK(w.host->violations.empty());
}

TEST_CASE("the order of a shutdown: sync, SB_ACTIVE off, drain, evict, put_super, busy check", "[super]") {
    model_world w;
    const auto sb = w.mount("a");
    std::vector<std::string> seen;
    w.host->on_trace = [&](const kernel::trace_event& e) { seen.emplace_back(e.name); };
    sb->on_phase = [&](std::string_view phase) {
        if (phase == "drain_begins") {
            CHECK(w.fs.device.bytes_stored == 2 * page_size);  // synced before
            CHECK_FALSE(sb->active());
            CHECK(sb->s_umount.held_for_write());
        }
        if (phase == "drained") CHECK(w.fs.evicted == 0);
        if (phase == "dead") {
            CHECK(w.fs.evicted == 1);
            CHECK(w.fs.put_supers == 1);
            CHECK(sb->s_es_stats.freed());
        }
    };
    REQUIRE(w.run(w.write_pages(kernel::iget_locked(*sb, 7), 2, w.cgroup("own"), false)));
    REQUIRE(w.umount(sb));
    CHECK(std::find(seen.begin(), seen.end(), "dead") != seen.end());
    CHECK(sb->phases.drain_begins <= sb->phases.drained);
    CHECK(sb->phases.drained <= sb->phases.dead);
}

TEST_CASE("a hold makes the drain last that long, counted from its beginning", "[super]") {
    model_world w;
    const auto sb = w.mount("a");
    kernel::set_drain_hold(*sb, 200ms);
    REQUIRE(w.umount(sb));
    CHECK(sb->phases.drained - sb->phases.drain_begins == 200ms);
}

TEST_CASE("dirty data reaches the store through a slow device before the superblock dies", "[super][writeback]") {
    model_world w;
    w.fs.device.latency = 5ms;
    const auto sb = w.mount("a");
    for (kernel::ino_t n = 0; n < 20; ++n)
        REQUIRE(
            w.run(w.write_pages(kernel::iget_locked(*sb, 10 + n), 5, w.cgroup("c" + std::to_string(n % 3)), false)));
    REQUIRE(w.umount(sb));
    CHECK(w.fs.device.bytes_stored == 100 * page_size);
    CHECK(w.host->violations.empty());
}

TEST_CASE("under base a switch prepared and not yet queued when umount drains leaves busy inodes and a use after free",
          "[race]") {
    model_world w{1, kernel::profile{}};  // zero: the waits find nothing and return at once
    const auto sb = w.mount("victim", "base");
    const auto dying = w.cgroup("dying");
    for (kernel::ino_t n = 0; n < 10; ++n)
        REQUIRE(w.run(w.write_pages(kernel::iget_locked(*sb, 10 + n), 1, dying, false)));
    REQUIRE(w.run([](kernel::super_block& s) -> task<> { (void)co_await kernel::sync_inodes_sb(s); }(*sb)));
    w.scheduler.widen(kernel::point::isw_prepared, 2ms);
    kernel::memcg_rmdir(dying);
    w.scheduler.run_for(3ms);
    REQUIRE(sb->own_in_flight > 0);
    REQUIRE(w.umount(sb));
    w.scheduler.run_for(1s);
    std::map<std::string, std::string> said;
    for (const auto& v : w.host->violations) said.emplace(v.invariant, v.message);
    CHECK(said["busy_inodes"] == "VFS: Busy inodes after unmount of victim (drainfs)");
    CHECK(said.contains("use_after_free"));
    CHECK(said.contains("queued_after_drain"));
}

TEST_CASE("the fixed policies survive the same widened window", "[race]") {
    const std::string policy = GENERATE("race", "rmbarrier", "persb");
    const bool timed = GENERATE(false, true);
    CAPTURE(policy, timed);
    model_world w{1, timed ? small_profile() : kernel::profile{}};
    const auto sb = w.mount("victim", policy);
    const auto dying = w.cgroup("dying");
    for (kernel::ino_t n = 0; n < 10; ++n)
        REQUIRE(w.run(w.write_pages(kernel::iget_locked(*sb, 10 + n), 1, dying, false)));
    REQUIRE(w.run([](kernel::super_block& s) -> task<> { (void)co_await kernel::sync_inodes_sb(s); }(*sb)));
    w.scheduler.widen(kernel::point::isw_prepared, 2ms);
    kernel::memcg_rmdir(dying);
    w.scheduler.run_for(25ms);
    REQUIRE(w.umount(sb));
    w.scheduler.run_for(1s);
    CHECK(w.host->violations.empty());
    CHECK(sb->own_in_flight == 0);
    CHECK(w.host->isw_nr_in_flight.peek() == 0);
}

TEST_CASE("the flusher cannot be inside the window during shutdown: s_umount keeps it out", "[race][producer]") {
    model_world w;
    const auto sb = w.mount("a");
    w.fs.device.latency = 50ms;
    REQUIRE(w.run(w.write_pages(kernel::iget_locked(*sb, 7), 2, w.cgroup("own"), false)));
    w.scheduler.spawn("umount", kernel::deactivate_super(*sb));
    w.scheduler.run_for(1ms);
    REQUIRE(sb->s_umount.held_for_write());
    CHECK_FALSE(static_cast<bool>(sb->s_umount.try_read()));  // what writeback_sb_inodes() needs
}

TEST_CASE("a switch asked for after SB_ACTIVE is clear is refused by every policy since 4.5", "[race][producer]") {
    for (const auto* policy : kernel::drain_policies()) {
        if (policy->id() == "none" || policy->id() == "pin_super") continue;
        CAPTURE(policy->id());
        model_world w;
        const auto sb = w.mount("a", policy->id());
        const auto i = kernel::iget_locked(*sb, 7);
        kernel::inode_attach_wb(*i, w.cgroup("own"));
        sb->s_active_flag.store(0);
        REQUIRE(w.run(kernel::inode_switch_wbs(*i, w.cgroup("other")->id, kernel::producer::vote)));
        CHECK(sb->switches.queued == 0);
        CHECK(i->i_count == 0);
        CHECK(w.host->isw_nr_in_flight.peek() == 0);
        CHECK(sb->s_isw_nr_in_flight.peek() == 0);
    }
}

TEST_CASE("random worlds: busy mounts, umounts, dying cgroups; no violation under a fixed policy, all accounted for",
          "[sim]") {
    const auto seed = GENERATE(range(std::uint64_t{100}, std::uint64_t{160}));
    const std::string policy = GENERATE("race", "rmbarrier", "persb");
    CAPTURE(seed, policy);
    model_world w{seed};
    std::vector<std::shared_ptr<kernel::super_block>> sbs;
    for (int n = 0; n < 4; ++n) {
        sbs.push_back(w.mount("m" + std::to_string(n), policy));
        w.scheduler.spawn("burner", w.burn(kernel::iget_locked(*sbs.back(), 7), 12));
    }
    REQUIRE(w.scheduler.run(w.scheduler.now() + 1h) == sched::run_outcome::finished);
    for (const auto& sb : sbs) w.scheduler.spawn("umount", kernel::deactivate_super(*sb));
    REQUIRE(w.scheduler.run(w.scheduler.now() + 1h) == sched::run_outcome::finished);
    w.scheduler.run_for(2s);
    CHECK(w.host->violations.empty());
    CHECK(w.host->isw_nr_in_flight.peek() == 0);
    for (const auto& sb : sbs) {
        CHECK(sb->state == kernel::sb_state::dead);
        CHECK(sb->s_isw_nr_in_flight.peek() == 0);
        CHECK(sb->switches.queued == sb->switches.done);
    }
    CHECK(w.host->cgwbs.empty());
    sbs.clear();
    kernel::bdi_reap(*w.host);
    CHECK(w.host->bdis.empty());
    CHECK(w.rcu->callbacks_pending() == 0);
}

TEST_CASE("the same seed gives the same trace", "[sim]") {
    auto trace = [](std::uint64_t seed) {
        model_world w{seed};
        const auto sb = w.mount("a");
        w.scheduler.spawn("burner", w.burn(kernel::iget_locked(*sb, 7), 10));
        w.scheduler.run(w.scheduler.now() + 1h);
        REQUIRE(w.umount(sb));
        return w.scheduler.trace_hash();
    };
    CHECK(trace(5) == trace(5));
    CHECK(trace(5) != trace(6));
}

TEST_CASE("the policy of a live superblock changes only when no switch of it is under way", "[drain]") {
    model_world w;
    const auto sb = w.mount("a", "base");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.write_pages(i, 1, w.cgroup("first"), true)));
    REQUIRE(w.run(w.write_pages(i, 9, w.cgroup("second"), true)));
    REQUIRE(sb->own_in_flight == 1);
    REQUIRE(w.run(kernel::set_drain_policy(*sb, *kernel::find_drain_policy("persb"))));
    CHECK(sb->own_in_flight == 0);
    CHECK(sb->policy->id() == "persb");
    CHECK(sb->switch_hold == 0);
}

TEST_CASE("a policy that changes while a switch is being prepared is not overtaken by it", "[drain]") {
    const auto seed = GENERATE(range(0u, 300u));
    CAPTURE(seed);
    model_world w{seed};
    const auto sb = w.mount("a", "base");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.write_pages(i, 1, w.cgroup("first"), true)));
    const auto second = w.cgroup("second");
    w.scheduler.widen(kernel::point::isw_tested, 3ms);
    w.scheduler.spawn("writer", w.write_pages(i, 9, second, true));
    w.scheduler.spawn("persb", kernel::set_drain_policy(*sb, *kernel::find_drain_policy("persb")));
    w.scheduler.spawn("base", kernel::set_drain_policy(*sb, *kernel::find_drain_policy("base")));
    w.scheduler.run(w.scheduler.now() + 1h);  // isw_queue() checks whose policy counts the switch
    CHECK(sb->own_in_flight == 0);
    CHECK(sb->switch_hold == 0);
    REQUIRE(w.umount(sb));
    CHECK(w.host->violations.empty());
}
