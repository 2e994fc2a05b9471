#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

namespace {

bool agree(const kernel::super_block& sb, const kernel::page_counts& c) {
    std::uint64_t pages = 0, dirty = 0, writeback = 0;
    for (const auto& [ino, i] : sb.s_inodes) {
        pages += i->i_mapping.i_pages.size();
        dirty += i->i_mapping.dirty.size();
        writeback += i->i_mapping.writeback.size();
    }
    return c.pages() == pages && c.dirty() == dirty && c.writeback() == writeback;
}

}  // namespace

TEST_CASE("The counts of a superblock are those of its inodes, whatever happens to them", "[page_counts]") {
    model_world w;
    w.fs.device.latency = 5ms;
    const auto sb = w.mount("a");
    kernel::page_counts counts;
    sb->counts = &counts;
    const auto i = kernel::iget_locked(*sb, 7), j = kernel::iget_locked(*sb, 8);
    REQUIRE(w.run(w.write_pages(i, 9, w.cgroup("first"), false)));
    REQUIRE(w.run(w.write_pages(j, 3, w.cgroup("second"), false)));
    CHECK(counts.dirty() == 12);
    CHECK(agree(*sb, counts));
    SECTION("writeback, and a write to a page that is under it") {
        w.scheduler.spawn("sync", kernel::try_to_writeback_inodes_sb(*sb));
        w.scheduler.run_for(7ms);
        REQUIRE(counts.writeback() > 0);
        CHECK(agree(*sb, counts));
        const auto before = counts.dirtied();
        REQUIRE(w.run(w.write_page(i, *i->i_mapping.writeback.begin(), w.cgroup("third"), false)));
        CHECK(counts.dirtied() == before + 1);
        CHECK(agree(*sb, counts));
        w.scheduler.run_for(1s);
        CHECK(agree(*sb, counts));
    }
    SECTION("truncation") {
        REQUIRE(w.run(kernel::truncate_inode_pages(*i, 4)));
        CHECK(counts.dirty() == 7);
        CHECK(agree(*sb, counts));
    }
    SECTION("a file that has no name any more, and is evicted dirty") {
        kernel::set_nlink(*i, 0);
        REQUIRE(w.run(kernel::inode_drop_dentry(*i)));
        CHECK(counts.pages() == 3);
        CHECK(agree(*sb, counts));
    }
    REQUIRE(w.umount(sb));
    CHECK(counts.pages() == 0);
    CHECK(counts.unwritten() == 0);
    CHECK(w.host->violations.empty());
}
