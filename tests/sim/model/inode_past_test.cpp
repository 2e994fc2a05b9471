#include "fusefs/kernel/inode_past.hpp"

#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("An inode with a past is where its life would have left it", "[inode]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto owner = w.cgroup("owner"), other = w.cgroup("other");
    const auto i = kernel::iget_locked(*sb, 7);
    SECTION("clean: with its owner's wb, where the offline cleanup finds it") {
        kernel::inode_live_through(*i, {owner, {}, false, false});
        CHECK(i->on_list == kernel::io_list::b_attached);
        CHECK(kernel::inode_owner(*i) == owner->id);
        CHECK_FALSE(kernel::inode_is_dirty(*i, kernel::I_DIRTY_ALL));
    }
    SECTION("dirty, and nobody writes it before it has expired") {
        kernel::inode_live_through(*i, {owner, other, false, false});
        CHECK(kernel::inode_is_dirty(*i, kernel::I_DIRTY_ALL));
        CHECK(i->i_wb->stat_reclaimable == 1);
        w.scheduler.run_for(20s);
        CHECK(w.fs.device.bytes_stored == 0);
    }
    SECTION("expired: the next turn of the flusher writes it") {
        kernel::inode_live_through(*i, {owner, owner, true, false});
        w.scheduler.run_for(20s);
        CHECK(w.fs.device.bytes_stored == page_size);
        CHECK(i->on_list == kernel::io_list::b_attached);
    }
    SECTION("with so many foreign rounds behind it that one more switches it") {
        kernel::inode_live_through(*i, {owner, other, false, true});
        REQUIRE(w.run([](kernel::super_block& s) -> task<> { (void)co_await kernel::sync_inodes_sb(s); }(*sb)));
        w.scheduler.run_for(1s);
        CHECK(kernel::inode_owner(*i) == other->id);
    }
    REQUIRE(w.umount(sb));
    CHECK(w.host->violations.empty());
}
