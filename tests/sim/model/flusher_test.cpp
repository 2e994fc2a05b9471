#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace drainlab;
using namespace drainlab::tests;

namespace {

task<> result_of(task<int> body, int& out) { out = co_await body; }

int sync(model_world& w, kernel::super_block& sb) {
    int error = 1;
    REQUIRE(w.run(result_of(kernel::sync_filesystem(sb), error)));
    return error;
}

}  // namespace

TEST_CASE("sync tells what the flusher was told", "[flusher]") {
    model_world w;
    const auto sb = w.mount("a");
    const auto i = kernel::iget_locked(*sb, 7);
    REQUIRE(w.run(w.write_page(i, 0, w.cgroup("c"), false)));
    SECTION("nothing") { CHECK(sync(w, *sb) == 0); }
    SECTION("an error of the data, which the file remembers as well") {
        w.fs.device.error = -EIO;
        CHECK(sync(w, *sb) == -EIO);
        CHECK(i->i_mapping.wb_err == EIO);
    }
    SECTION("an error of the inode itself") {
        w.fs.inode_error = -ENOSPC;
        CHECK(sync(w, *sb) == -ENOSPC);
        CHECK(i->i_mapping.wb_err == 0);
    }
}

TEST_CASE("try_to_writeback_inodes_sb() writes all that is dirty of its superblock, and waits", "[flusher]") {
    model_world w;
    w.fs.device.latency = 5ms;
    auto& bdi = kernel::bdi_register(*w.host, "disk");
    const auto sb = w.mount("a", "persb", &bdi), other = w.mount("b", "persb", &bdi);
    for (kernel::ino_t n = 1; n <= 3; ++n) {
        const auto m = w.cgroup("c" + std::to_string(n));
        for (const auto& of : {sb, other}) REQUIRE(w.run(w.write_page(kernel::iget_locked(*of, n), 0, m, false)));
    }
    SECTION("whatever cgroup it belongs to") {
        REQUIRE(w.run(kernel::try_to_writeback_inodes_sb(*sb)));
        CHECK(w.fs.device.bytes_stored == 3 * page_size);
    }
    SECTION("but not where s_umount is held for write: that one has a sync of its own") {
        w.scheduler.spawn("umount", kernel::deactivate_super(*sb));
        w.scheduler.run_for(1ms);
        REQUIRE(sb->state == kernel::sb_state::dying);
        const auto before = w.scheduler.now();
        REQUIRE(w.run(kernel::try_to_writeback_inodes_sb(*sb)));
        CHECK(w.scheduler.now() == before);
    }
    SECTION("wakeup_flusher_threads_bdi() writes those of all superblocks on the device") {
        REQUIRE(w.run(kernel::wakeup_flusher_threads_bdi(bdi)));
        CHECK(w.fs.device.bytes_stored == 6 * page_size);
    }
    REQUIRE(w.umount(sb));
    CHECK(w.host->violations.empty());
}
