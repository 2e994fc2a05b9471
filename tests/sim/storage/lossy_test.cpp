// A cache that keeps what is written until it is synced, and a power cut.
#include "tests/sim/storage/one_file.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::tests;
using drainlab::kernel::page_size;

namespace {

const std::string old_bytes(page_size, 'o'), new_bytes(page_size, 'n');

task<> cut(one_file& w, std::uint64_t& bytes) {
    auto cutting = w.fs->power_cut();
    for (const auto& f : co_await cutting) bytes += f.bytes;
}

/// What it has dropped.
std::uint64_t power_cut(one_file& w) {
    std::uint64_t bytes = 0;
    REQUIRE(w.run(cut(w, bytes)));
    return bytes;
}

struct lossy_file : one_file {
    explicit lossy_file(bool memory) : one_file{memory} { cache().lose_unsynced = true; }
};

}  // namespace

TEST_CASE("A power cut takes what was not synced, and nothing else", "[store][power_cut]") {
    lossy_file w{GENERATE(true, false)};
    REQUIRE(w.write(0, old_bytes) == 0);
    CHECK(w.stored().empty());
    REQUIRE(w.fsync() == 0);
    REQUIRE(w.write(0, new_bytes) == 0);
    REQUIRE(w.write(page_size, "tail") == 0);
    CHECK(w.read(0, 2 * page_size) == new_bytes + "tail");
    CHECK(power_cut(w) == page_size + 4);
    CHECK(w.size() == page_size);
    CHECK(w.read(0, 2 * page_size) == old_bytes);
    CHECK(w.stored() == old_bytes);
    CHECK(power_cut(w) == 0);
    CHECK(w.cache().unsynced().power_cuts == 2);
    CHECK(w.cache().unsynced().dropped_bytes == page_size + 4);
    CHECK(w.cache().dirty_bytes() == 0);
    // And it goes on as a file does.
    REQUIRE(w.write(10, "again") == 0);
    REQUIRE(w.fsync() == 0);
    CHECK(w.stored().substr(10, 5) == "again");
}

TEST_CASE("Nobody writes it unasked: not in a minute, and not because the file is closed", "[store][power_cut]") {
    lossy_file w{GENERATE(true, false)};
    REQUIRE(w.write(0, new_bytes) == 0);
    w.close();
    w.scheduler.run_for(60s);
    CHECK(w.stored().empty());
    REQUIRE(w.open() == 0);
    CHECK(w.read(0, page_size) == new_bytes);
    CHECK(power_cut(w) == page_size);
    CHECK(w.size() == 0);
}

TEST_CASE("What is more than the cache may hold goes early, and is counted", "[store][power_cut]") {
    lossy_file w{GENERATE(true, false)};
    w.cache().limits.dirty_bytes = 4 * page_size;
    for (off_t k = 0; k < 8; ++k) REQUIRE(w.write(k * static_cast<off_t>(page_size), new_bytes) == 0);
    w.scheduler.run_for(1s);
    const auto early = w.cache().unsynced().early_bytes;
    CHECK(early > 0);
    const auto dropped = power_cut(w);
    CHECK(early + dropped == 8 * page_size);
    CHECK(w.stored().size() == early);
}

TEST_CASE("A length that is set stays, with what was synced before", "[store][power_cut]") {
    lossy_file w{GENERATE(true, false)};
    REQUIRE(w.write(0, old_bytes) == 0);
    REQUIRE(w.fsync() == 0);
    REQUIRE(w.truncate(3 * page_size) == 0);
    REQUIRE(w.write(2 * page_size, new_bytes) == 0);
    CHECK(power_cut(w) == page_size);
    CHECK(w.size() == 3 * page_size);
    CHECK(w.read(0, 4 * page_size) == old_bytes + std::string(2 * page_size, '\0'));
}

TEST_CASE("A sync that is under way when the power is cut still ends, and keeps its word", "[store][power_cut]") {
    lossy_file w{false};
    REQUIRE(w.write(0, old_bytes) == 0);
    w.threads->hold = {"write"};
    w.begin(w.fs->fsync(*w.f, false, w.payer));
    REQUIRE(w.threads->held() == 1);
    std::uint64_t bytes = 0;
    w.begin(cut(w, bytes));
    w.release();
    CHECK(w.over == w.begun);
    CHECK(bytes == 0);
    CHECK(w.read(0, page_size) == old_bytes);
}
