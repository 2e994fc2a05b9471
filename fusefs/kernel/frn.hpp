// Foreign-inode detection as pure arithmetic: which memcg should own an inode (fs/fs-writeback.c, wbc_detach_inode()).
#pragma once
#include "fusefs/kernel/types.hpp"

namespace drainlab::kernel {

inline constexpr unsigned WB_FRN_TIME_SHIFT = 13;     ///< 1 s = 8192 units; a u16 holds 8 s
inline constexpr unsigned WB_FRN_TIME_AVG_SHIFT = 3;  ///< avg = 7/8 old + 1/8 new
inline constexpr unsigned WB_FRN_TIME_CUT_DIV = 8;    ///< rounds shorter than avg/8 are ignored
inline constexpr unsigned WB_FRN_TIME_PERIOD = 2 * (1u << WB_FRN_TIME_SHIFT);
inline constexpr unsigned WB_FRN_HIST_SLOTS = 16;                                     ///< bits in i_wb_frn_history
inline constexpr unsigned WB_FRN_HIST_UNIT = WB_FRN_TIME_PERIOD / WB_FRN_HIST_SLOTS;  ///< one slot: 125 ms of IO time
inline constexpr unsigned WB_FRN_HIST_THR_SLOTS = WB_FRN_HIST_SLOTS / 2;          ///< compared with strictly greater
inline constexpr unsigned WB_FRN_HIST_MAX_SLOTS = WB_FRN_HIST_THR_SLOTS / 2 + 1;  ///< one round shifts in at most 5
inline constexpr std::int64_t WB_FRN_MAX_IN_FLIGHT = 1024;                        ///< compared with >

/// What an inode remembers between rounds: i_wb_frn_winner, i_wb_frn_avg_time, i_wb_frn_history.
struct frn_memory {
    memcg_id winner{};
    std::uint16_t avg_time{};
    std::uint16_t history{};
};

/// The votes of one writeback round: the wb_* fields of struct writeback_control.
struct frn_round {
    memcg_id wb_id{}, wb_lcand_id{}, wb_tcand_id{};
    std::uint64_t wb_bytes{}, wb_lcand_bytes{}, wb_tcand_bytes{};

    /// wbc_account_cgroup_owner(): `bytes` were written for memcg `id`. Boyer-Moore among the foreign ones.
    void account(memcg_id id, std::uint64_t bytes) noexcept;
};

/// What a round has come to.
struct frn_verdict {
    memcg_id winner{};    ///< of this round
    bool wants_switch{};  ///< the history has more than WB_FRN_HIST_THR_SLOTS foreign slots
};

/// Ends a round and updates `memory`. `avg_write_bandwidth` in pages per second, > 0.
frn_verdict frn_detach(frn_memory& memory, const frn_round& round, std::uint64_t avg_write_bandwidth) noexcept;

}  // namespace drainlab::kernel
