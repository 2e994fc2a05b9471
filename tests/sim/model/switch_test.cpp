#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("the ninth synchronous write of another cgroup queues a switch, and it moves the inode", "[isw]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    const auto first = w.cgroup("first"), second = w.cgroup("second");
    REQUIRE(w.run(w.write_pages(i, 1, first, true)));
    CHECK(kernel::inode_owner(*i) == first->id);
    REQUIRE(w.run(w.write_pages(i, 8, second, true)));
    CHECK(sb->switches.queued == 0);
    REQUIRE(w.run(w.write_page(i, 0, second, true)));
    CHECK(sb->switches.queued == 1);
    CHECK(sb->switches.by_producer[static_cast<int>(kernel::producer::vote)] == 1);
    CHECK((i->i_state & kernel::I_WB_SWITCH) != 0);
    CHECK(w.host->isw_nr_in_flight.peek() == 1);
    w.scheduler.run_for(1s);
    CHECK(kernel::inode_owner(*i) == second->id);
    CHECK((i->i_state & kernel::I_WB_SWITCH) == 0);
    CHECK(i->i_count == 0);
    CHECK(i->frn.history == 0);
    CHECK(w.host->isw_nr_in_flight.peek() == 0);
    CHECK(sb->switches.done == 1);
}

TEST_CASE("a cgroup that loses its io controller gets a new wb; its inode moves there with its next round", "[isw]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    const auto m = w.cgroup("m");
    REQUIRE(w.run(w.write_pages(i, 1, m, true)));
    const auto old = i->i_wb->seq;
    kernel::wb_blkcg_offline(m);
    CHECK(i->i_wb->dying);
    CHECK(sb->switches.queued == 0);
    REQUIRE(w.run(w.write_pages(i, 1, m, true)));
    CHECK(sb->switches.by_producer[static_cast<int>(kernel::producer::blkcg)] == 1);
    w.scheduler.run_for(1s);
    CHECK(sb->switches.done == 1);
    CHECK(kernel::inode_owner(*i) == m->id);
    CHECK(i->i_wb->seq > old);
    CHECK_FALSE(i->i_wb->dying);
    CHECK(w.umount(sb));
    CHECK(w.host->violations.empty());
}

TEST_CASE("a switch takes at least a grace period", "[isw][rcu]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.write_pages(i, 1, w.cgroup("first"), true)));
    const auto before = w.rcu->grace_periods();
    REQUIRE(w.run(w.write_pages(i, 9, w.cgroup("second"), true)));
    CHECK(sb->switches.done == 0);
    w.scheduler.run_for(1s);
    CHECK(sb->switches.done == 1);
    CHECK(w.rcu->grace_periods() > before);
}

TEST_CASE("pages kept in the cache stay charged: one switch, then none", "[isw]") {
    model_world w;
    w.fs.then = kernel::modelled_fs::written::keep;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.burn(i, 20)));
    w.scheduler.run_for(1s);
    CHECK(sb->switches.queued <= 1);
    CHECK(sb->switches.by_producer[static_cast<int>(kernel::producer::vote)] <= 1);
}

TEST_CASE("pages that are dropped are charged anew: every generation may switch", "[isw]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.burn(i, 50)));
    CHECK(sb->switches.queued >= 5);
}

TEST_CASE("the dirty accounting moves along and returns to zero", "[isw]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    const auto first = w.cgroup("first"), second = w.cgroup("second");
    REQUIRE(w.run(w.write_pages(i, 3, first, false)));
    auto& old_wb = *i->i_wb;
    CHECK(old_wb.stat_reclaimable == 3);
    REQUIRE(w.run(kernel::inode_switch_wbs(*i, second->id, kernel::producer::vote)));
    w.scheduler.run_for(100ms);
    REQUIRE(kernel::inode_owner(*i) == second->id);
    CHECK(old_wb.stat_reclaimable == 0);
    CHECK(i->i_wb->stat_reclaimable == 3);
    CHECK(i->on_list == kernel::io_list::b_dirty);
    REQUIRE(w.umount(sb));
    CHECK(w.fs.device.bytes_stored == 3 * page_size);
}

TEST_CASE("no more than 1024 switches are in flight, give or take the one that made it so", "[isw]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto to = w.cgroup("to");
    const auto own = w.cgroup("own");
    for (kernel::ino_t n = 0; n < 1100; ++n) {
        const auto i = kernel::iget_locked(*sb, 10 + n);
        kernel::inode_attach_wb(*i, own);
    }
    REQUIRE(w.run([](model_world& world, kernel::super_block& s, kernel::memcg_id id) -> task<> {
        for (kernel::ino_t n = 0; n < 1100; ++n)
            co_await kernel::inode_switch_wbs(*s.s_inodes.at(10 + n), id, kernel::producer::vote);
        CHECK(world.host->isw_nr_in_flight.peek() == 1025);
    }(w, *sb, to->id)));
    w.scheduler.run_for(1s);
    CHECK(w.host->isw_nr_in_flight.peek() == 0);
}

TEST_CASE("a dying cgroup's clean inodes go to the nearest living ancestor, 126 at a time", "[isw][offline]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto parent = w.cgroup("parent");
    const auto child = kernel::memcg_create(*w.host, "child", parent);
    for (kernel::ino_t n = 0; n < 300; ++n) {
        const auto i = kernel::iget_locked(*sb, 10 + n);
        REQUIRE(w.run(w.write_page(i, 0, child, false)));
    }
    REQUIRE(w.run([](kernel::super_block& s) -> task<> { (void)co_await kernel::sync_inodes_sb(s); }(*sb)));
    CHECK(sb->s_inodes.at(10)->on_list == kernel::io_list::b_attached);
    kernel::memcg_rmdir(child);
    w.scheduler.run_for(1s);
    CHECK(child->state == kernel::memcg_state::offline);
    CHECK(w.host->switches.by_producer[static_cast<int>(kernel::producer::offline)] == 3);
    CHECK(sb->switches.inodes == 300);
    for (const auto& [ino, i] : sb->s_inodes) CHECK(kernel::inode_owner(*i) == parent->id);
    CHECK(w.host->offline_cgwbs.empty());  // the last reference went: the wb was released
}

TEST_CASE("a dying wb with dirty inodes is left alone until the next cgroup goes offline", "[isw][offline]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto dying = w.cgroup("dying");
    const auto i = kernel::iget_locked(*sb, 10);
    REQUIRE(w.run(w.write_page(i, 0, dying, false)));
    kernel::memcg_rmdir(dying);
    w.scheduler.run_for(100ms);
    CHECK(kernel::inode_owner(*i) == dying->id);
    REQUIRE(w.run([](kernel::super_block& s) -> task<> { (void)co_await kernel::sync_inodes_sb(s); }(*sb)));
    w.scheduler.run_for(100ms);
    CHECK(kernel::inode_owner(*i) == dying->id);  // clean now, but no timer looks again
    kernel::memcg_rmdir(w.cgroup("another"));
    w.scheduler.run_for(100ms);
    CHECK(kernel::inode_owner(*i) == w.host->root_memcg->id);
}
