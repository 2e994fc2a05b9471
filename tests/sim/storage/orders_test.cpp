// Single orders of calls that a random world has found to lose bytes, or to tell wrong ones.
#include "fusefs/sched/mark.hpp"
#include "tests/sim/storage/one_file.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

using namespace drainlab::tests;
using drainlab::kernel::page_size;
using drainlab::sched::must_reach;
using drainlab::storage::cache_mode;

namespace {

const std::string old_bytes(page_size, 'o'), new_bytes(page_size, 'n');

}  // namespace

TEST_CASE("A read of the store that a write has overtaken brings nothing old into the cache", "[store][order]") {
    one_file w;
    REQUIRE(w.write(0, old_bytes) == 0);
    REQUIRE(w.fsync() == 0);
    std::vector<iovec> iov;
    w.threads->hold = {"read"};
    w.begin(w.cache().read(w.data(), 0, page_size, w.payer, iov));
    REQUIRE(w.threads->held() == 1);
    const must_reach<"read: a page from the store is old"> overtaken;
    SECTION("by one that is in the store, and out of the cache") {
        REQUIRE(w.write(0, new_bytes) == 0);
        REQUIRE(w.fsync() == 0);
        w.release();
        CHECK(w.read(0, page_size) == new_bytes);
    }
    SECTION("by a truncation") {
        REQUIRE(w.truncate(0) == 0);
        REQUIRE(w.truncate(page_size) == 0);
        w.release();
        CHECK(w.read(0, page_size) == std::string(page_size, '\0'));
    }
    SECTION("by a copy within the store") {
        REQUIRE(w.write(page_size, new_bytes) == 0);
        REQUIRE(w.fsync() == 0);
        std::size_t copied = 0;
        w.begin(w.fs->copy_range(*w.f, page_size, *w.f, 0, page_size, w.payer, copied));
        w.release();
        CHECK(copied == page_size);
        CHECK(w.read(0, page_size) == new_bytes);
    }
    CHECK(overtaken.reached());
    CHECK(w.over == w.begun);
}

TEST_CASE("What was read while a range was copied is read again", "[store][order]") {
    one_file w{false, cache_mode::keep};
    REQUIRE(w.write(0, old_bytes + new_bytes) == 0);
    REQUIRE(w.fsync() == 0);
    std::size_t copied = 0;
    w.cache().invalidate(w.data(), 0, 0);
    w.threads->hold = {"read"};
    std::vector<iovec> iov;
    w.begin(w.cache().read(w.data(), 0, page_size, w.payer, iov));
    w.threads->hold = {"copy_file_range"};
    w.begin(w.fs->copy_range(*w.f, page_size, *w.f, 0, page_size, w.payer, copied));
    w.release();
    CHECK(w.read(0, page_size) == new_bytes);
}

TEST_CASE("An open that was answered late does not take the size back", "[store][order]") {
    one_file w;
    w.close();
    w.threads->hold = {"open"};
    w.begin(w.fs->open(*w.f, O_RDWR, nullptr));
    REQUIRE(w.threads->held() == 1);  // it has seen an empty file
    const must_reach<"open: what the store said is old"> late;
    w.threads->hold.clear();
    REQUIRE(w.open() == 0);
    REQUIRE(w.write(0, new_bytes) == 0);
    REQUIRE(w.fsync() == 0);
    w.close();
    w.release();
    CHECK(late.reached());
    CHECK(w.over == w.begun);
    CHECK(w.size() == page_size);
    CHECK(w.read(0, page_size) == new_bytes);
}

TEST_CASE("After a failed write-back the file ends where the store says", "[store][order]") {
    one_file w{false, cache_mode::keep};
    REQUIRE(w.write(0, old_bytes) == 0);
    REQUIRE(w.fsync() == 0);
    REQUIRE(w.write(page_size, new_bytes) == 0);
    w.io.plan.no_space = 1;
    const must_reach<"writeback: the file ends where the store says"> ends;
    const must_reach<"writeback: the file was changed while its times were told"> again;
    SECTION("and what is beyond does not come back when it grows") {
        REQUIRE(w.fsync() == ENOSPC);
        w.io.heal();
        CHECK(w.size() == page_size);
        REQUIRE(w.truncate(2 * page_size) == 0);
        CHECK(w.read(page_size, page_size) == std::string(page_size, '\0'));
        CHECK(ends.reached());
    }
    SECTION("but not where it said before a truncation") {
        w.threads->hold = {"utimens"};
        w.begin(w.fs->fsync(*w.f, false, w.payer));
        REQUIRE(w.threads->held() == 1);
        w.io.heal();
        REQUIRE(w.truncate(10) == 0);
        w.release();
        CHECK(w.size() == 10);
        CHECK(again.reached());
        CHECK(w.over == w.begun);
    }
    SECTION("also when something else was written meanwhile") {
        w.threads->hold = {"utimens"};
        w.begin(w.fs->fsync(*w.f, false, w.payer));
        w.io.heal();
        REQUIRE(w.write(0, new_bytes) == 0);
        w.release();
        REQUIRE(w.fsync() == 0);
        CHECK(again.reached());
        CHECK(w.size() == page_size);
    }
}

TEST_CASE("Calls that take room in the store take none that others were promised", "[store][order]") {
    one_file w;
    w.io.plan.capacity = 32;
    REQUIRE(w.write(20 * page_size, new_bytes) == 0);  // on promise
    REQUIRE(w.stored().empty());
    SECTION("fallocate") { CHECK(w.allocate(0, 31 * page_size) == 0); }
    SECTION("fallocate of more than there is") { CHECK(w.allocate(0, 40 * page_size) == ENOSPC); }
    CHECK(w.stored().substr(20 * page_size, page_size) == new_bytes);
    CHECK(w.fsync() == 0);
}

TEST_CASE("A write that had to wait for a page asks for room once more", "[store][order]") {
    one_file w;
    REQUIRE(w.truncate(8 * page_size) == 0);
    w.io.plan.capacity = 32;
    w.threads->hold = {"read"};
    std::size_t written = 0;
    const must_reach<"write: a page has to be read"> waited;
    const must_reach<"write: to the store, before it is answered"> direct;
    w.begin(w.writing(100, "some", written));
    REQUIRE(w.threads->held() == 1);
    REQUIRE(waited.reached());
    REQUIRE_FALSE(direct.reached());
    w.io.plan.capacity = 1;  // somebody else has taken the rest
    w.scheduler.run_for(1s);
    w.release();
    REQUIRE(written == 4);
    CHECK(direct.reached());
    CHECK(w.stored().substr(100, 4) == "some");
}

TEST_CASE("A store in memory hears of every write at once, whatever the cache holds", "[store][order]") {
    one_file w{true};
    REQUIRE(w.write(0, old_bytes) == 0);
    std::vector<iovec> iov;
    w.cache().device.set_limits({1ms, 0, 0, 0ms});
    REQUIRE(w.read(0, page_size) == old_bytes);  // with a slow device before it, pages have bytes of their own
    REQUIRE(w.write(10, "old") == 0);
    REQUIRE(w.stored() == old_bytes);
    w.cache().device.set_limits({});
    REQUIRE(w.write(20, "new") == 0);
    CHECK(w.stored().substr(20, 3) == "new");
    REQUIRE(w.fsync() == 0);
    CHECK(w.stored().substr(10, 13) == "oldooooooonew");
    SECTION("also when it has to wait for room in the cache") {
        w.cache().limits.dirty_bytes = 0;
        REQUIRE(w.write(30, "late") == 0);
        CHECK(w.stored().substr(30, 4) == "late");
    }
    SECTION("and says so if it is full") {
        w.io.plan.no_space = 1;
        CHECK(w.write(40, "more") == ENOSPC);
        w.cache().limits.dirty_bytes = 0;
        CHECK(w.write(40, "more") == ENOSPC);
    }
}

TEST_CASE("A read that the store answers by halves is not the end of the file", "[store][order]") {
    one_file w{true};
    REQUIRE(w.write(0, old_bytes) == 0);
    w.io.plan.cut = 1;
    CHECK(w.read(0, page_size) == old_bytes);
}

TEST_CASE("A file that cannot be written is named as it is called now", "[store][order]") {
    one_file w;
    REQUIRE(w.write(0, new_bytes) == 0);
    REQUIRE(w.fs->unwritten().size() == 1);
    CHECK(w.fs->unwritten().front().path == "/f");
    w.begin(w.fs->rename(w.fs->root(), "f", w.fs->root(), "g", 0));
    CHECK(w.fs->unwritten().front().path == "/g");
    w.io.plan.no_space = 1;
    REQUIRE(w.run(drainlab::kernel::deactivate_super(*w.sb), "umount"));
    REQUIRE(w.cache().lost().size() == 1);
    CHECK(w.cache().lost().front().path == "/g");
    CHECK(w.cache().lost().front().bytes == page_size);
}

TEST_CASE("Room is promised in whole pages", "[store][order]") {
    const must_reach<"write: to the store, before it is answered"> direct;
    one_file w;
    w.io.plan.capacity = 3;  // a quarter of it is less than a page
    REQUIRE(w.write(0, "x") == 0);
    CHECK(w.stored() == "x");
    CHECK(direct.reached());
}

TEST_CASE("The next change of a file waits until the one before is over, whoever waits for that", "[store][order]") {
    one_file w;
    w.io.plan.capacity = 3;  // so that it goes to the store at once
    w.threads->hold = {"write"};
    std::size_t first = 0, second = 0;
    w.begin(w.writing(0, "old", first));
    REQUIRE(w.threads->held() == 1);
    SECTION("a write") {
        drainlab::storage::file_write now{w.data(), "new", 3, 0, w.payer};
        CHECK(w.cache().try_write(now) == drainlab::storage::page_cache::next::wait);
        CHECK(now.done() == 0);
        w.begin(w.writing(0, "new", second));
        CHECK(w.threads->held() == 1);
        CHECK(w.stored() == "old");
        w.release();
        CHECK(w.stored() == "new");
    }
    SECTION("a truncation") {
        w.begin(w.fs->truncate(*w.f, 1));
        CHECK(w.stored() == "old");
        w.release();
        CHECK(w.stored() == "o");
    }
    SECTION("a fallocate") {
        w.begin(w.fs->fallocate(*w.f, 0, 0, 100, w.payer));
        CHECK(w.stored() == "old");
        w.release();
        CHECK(w.stored().size() == 100);
    }
    CHECK(w.over == w.begun);
}
