#include "fusefs/kernel/frn.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace drainlab::kernel {

namespace {
constexpr std::uint64_t div_round_up(std::uint64_t a, std::uint64_t b) noexcept { return (a + b - 1) / b; }
}  // namespace

void frn_round::account(memcg_id id, std::uint64_t bytes) noexcept {
    if (id == wb_id) {
        wb_bytes += bytes;
        return;
    }
    if (id == wb_lcand_id) wb_lcand_bytes += bytes;
    if (wb_tcand_bytes == 0) wb_tcand_id = id;
    if (id == wb_tcand_id)
        wb_tcand_bytes += bytes;
    else
        wb_tcand_bytes -= std::min(bytes, wb_tcand_bytes);
}

frn_verdict frn_detach(frn_memory& memory, const frn_round& round, std::uint64_t avg_write_bandwidth) noexcept {
    memcg_id max_id = round.wb_tcand_id;
    std::uint64_t max_bytes = round.wb_tcand_bytes;
    if (round.wb_bytes >= round.wb_lcand_bytes && round.wb_bytes >= round.wb_tcand_bytes) {
        max_id = round.wb_id;
        max_bytes = round.wb_bytes;
    } else if (round.wb_lcand_bytes >= round.wb_tcand_bytes) {
        max_id = round.wb_lcand_id;
        max_bytes = round.wb_lcand_bytes;
    }

    // How long the winner's IO took at the wb's bandwidth, in units of 1/8192 s.
    const std::uint64_t max_time = div_round_up((max_bytes >> page_shift) << WB_FRN_TIME_SHIFT, avg_write_bandwidth);
    std::uint64_t avg_time = memory.avg_time;
    if (avg_time)
        avg_time += (max_time >> WB_FRN_TIME_AVG_SHIFT) - (avg_time >> WB_FRN_TIME_AVG_SHIFT);
    else
        avg_time = max_time;  // immediate catch-up on the first round

    frn_verdict verdict{max_id, false};
    std::uint16_t history = memory.history;
    if (max_time >= avg_time / WB_FRN_TIME_CUT_DIV) {
        const auto slots = static_cast<unsigned>(
            std::min<std::uint64_t>(div_round_up(max_time, WB_FRN_HIST_UNIT), WB_FRN_HIST_MAX_SLOTS));
        history = static_cast<std::uint16_t>(history << slots);
        if (round.wb_id != max_id) history = static_cast<std::uint16_t>(history | ((1u << slots) - 1));
        verdict.wants_switch = static_cast<unsigned>(std::popcount(history)) > WB_FRN_HIST_THR_SLOTS;
    }
    memory.winner = max_id;
    memory.avg_time =
        static_cast<std::uint16_t>(std::min<std::uint64_t>(avg_time, std::numeric_limits<std::uint16_t>::max()));
    memory.history = history;
    return verdict;
}

}  // namespace drainlab::kernel
