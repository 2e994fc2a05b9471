#include "fusefs/kernel/frn.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::kernel;

namespace {
constexpr memcg_id owner = 1, a = 2, b = 3;

frn_round round_of(memcg_id lcand = 0) {
    frn_round r;
    r.wb_id = owner;
    r.wb_lcand_id = lcand;
    return r;
}
}  // namespace

TEST_CASE("the constants are the kernel's", "[frn]") {
    CHECK(WB_FRN_TIME_PERIOD == 16384);
    CHECK(WB_FRN_HIST_UNIT == 1024);
    CHECK(WB_FRN_HIST_THR_SLOTS == 8);
    CHECK(WB_FRN_HIST_MAX_SLOTS == 5);
}

TEST_CASE("bytes are counted for the owner, last winner and the Boyer-Moore candidate", "[frn]") {
    auto r = round_of(a);
    r.account(owner, 4096);
    r.account(a, 4096);
    r.account(b, 8192);  // outvotes a: candidate drops to 0, then
    r.account(b, 4096);  // b is adopted
    CHECK(r.wb_bytes == 4096);
    CHECK(r.wb_lcand_bytes == 4096);
    CHECK(r.wb_tcand_id == b);
    CHECK(r.wb_tcand_bytes == 4096);
}

TEST_CASE("a tie goes to the owner, then to the last winner", "[frn]") {
    frn_memory memory;
    auto r = round_of(a);
    r.account(owner, 4096);
    r.account(a, 4096);
    CHECK(frn_detach(memory, r, 25600).winner == owner);
    memory = {};
    r = round_of(a);
    r.account(a, 8192);
    r.account(b, 8192);  // outvotes the candidate a
    r.account(b, 8192);  // adopted: as many bytes as the last winner
    CHECK(r.wb_lcand_bytes == r.wb_tcand_bytes);
    CHECK(frn_detach(memory, r, 25600).winner == a);
}

TEST_CASE("nine one-page foreign rounds are needed: the threshold is strictly greater than eight", "[frn]") {
    frn_memory memory;
    for (int round = 1; round <= 9; ++round) {
        auto r = round_of(memory.winner);
        r.account(a, 4096);
        CAPTURE(round);
        CHECK(frn_detach(memory, r, 25600).wants_switch == (round == 9));
    }
    CHECK(memory.history == 0x1ff);
}

TEST_CASE("two big foreign rounds suffice: one round shifts in at most five slots", "[frn]") {
    frn_memory memory;
    auto r = round_of();
    r.account(a, std::uint64_t{64} << 20);  // 64 MB at 100 MB/s: 0.64 s, 6 slots, cut to 5
    CHECK_FALSE(frn_detach(memory, r, 25600).wants_switch);
    CHECK(memory.history == 0x1f);
    r = round_of(memory.winner);
    r.account(a, std::uint64_t{64} << 20);
    CHECK(frn_detach(memory, r, 25600).wants_switch);
    CHECK(memory.history == 0x3ff);
}

TEST_CASE("rounds shorter than an eighth of the average are ignored", "[frn]") {
    frn_memory memory;
    auto big = round_of();
    big.account(owner, std::uint64_t{256} << 20);
    frn_detach(memory, big, 25600);
    const auto before = memory.history;
    auto tiny = round_of();
    tiny.account(a, 4096);
    frn_detach(memory, tiny, 25600);
    CHECK(memory.history == before);
    CHECK(memory.winner == a);
}

TEST_CASE("own rounds push foreign ones out of the history", "[frn]") {
    frn_memory memory;
    memory.history = 0x00ff;
    for (int i = 0; i < 16; ++i) {
        auto r = round_of();
        r.account(owner, 4096);
        CHECK_FALSE(frn_detach(memory, r, 25600).wants_switch);
    }
    CHECK(memory.history == 0);
}

TEST_CASE("the average follows by eighths and is capped to 16 bits", "[frn]") {
    frn_memory memory;
    auto r = round_of();
    r.account(owner, 800 * 4096);  // 800 pages at 25600/s: 256 units
    frn_detach(memory, r, 25600);
    CHECK(memory.avg_time == 256);
    auto twice = round_of();
    twice.account(owner, 1600 * 4096);
    frn_detach(memory, twice, 25600);
    CHECK(memory.avg_time == 256 + 512 / 8 - 256 / 8);
    auto huge = round_of();
    huge.account(owner, std::uint64_t{1} << 40);
    for (int i = 0; i < 200; ++i) frn_detach(memory, huge, 1);
    CHECK(memory.avg_time == 65535);
}
