// The pictures of a result.
#pragma once

#include "controller/report/svg.hpp"
#include "controller/result/documents.hpp"
#include "controller/result/result.hpp"

#include <array>
#include <string>
#include <vector>

namespace drainlab::report {

/// What an unmount may be doing, in the order in which it does it.
inline constexpr std::array segment_kinds{"call", "sync", "synchronize", "barrier", "flush", "own", "evict", "return"};
/// A stretch of one unmount, ns from the call on.
struct segment {
    const char* kind;  ///< one of segment_kinds; "unknown" without phases; "after" the return
    std::uint64_t from = 0, to = 0;
};
/// The stretches of an unmount one after another, without gaps: all but "after" sum to umount_ns.
std::vector<segment> segments_of(const umount_sample& s);
/// The kinds that occur in the unmounts of these cells, in their order.
std::vector<const char*> kinds_of(const std::vector<const cell*>& all);
/// What a kind of segment is, for people.
const char* explained(const std::string& kind);

/// The unmounts of a cell, with phases where they are known.
std::vector<umount_sample> samples_of(const cell& c);

using cells = std::vector<const cell*>;
/// Every sample of every policy on one axis of time; quantiles as ticks. `id` makes the names of elements unique in a
/// page.
drawing strip_chart(const cells& all, const std::string& id);
/// Where a drawing is looked at: on a page, which explains its colours and lets a sample be chosen, or by itself.
enum class shown : unsigned char { on_page, alone };
/// The median and the worst unmount of every policy, and an empty row for a chosen one; alone, what the colours mean.
drawing waterfall_chart(const cells& all, const std::string& id, shown how);
/// Switches in flight when each unmount's drain began, in the order of measuring. Empty where none was.
std::vector<drawing> in_flight_chart(const cells& all, const std::string& id);
/// p50 over the values of each swept key, a line per policy, a panel per combination of the other keys; one drawing per
/// scenario and key.
std::vector<drawing> sweep_charts(const result& r, const std::string& id);
/// How p50 grows with a key, as a power of it, where its values
/// span at least a factor of 8; a line per scenario and panel.
std::vector<std::string> scaling_of(const result& r);
/// Unmounts in the order in which they were made: when the call returned, when the superblock was dead.
std::vector<drawing> order_chart(const cells& all, const std::string& id);
/// Of strategies: superblocks that live though the caller takes them for gone. Empty where that was not recorded.
std::vector<drawing> backlog_chart(const cells& all, const std::string& id);

/// Which unmounts of a churn are drawn: all, or every second, third, ... of very many.
std::vector<std::size_t> drawn_of(const churn_outcome& o);
/// How long each unmount took, by when it was called. Empty where a document has no such thing.
std::vector<drawing> churn_latency_chart(const churn_outcome& o, const std::string& id);
/// Superblocks that lived without a name, over time. Empty likewise.
std::vector<drawing> churn_backlog_chart(const churn_outcome& o, const std::string& id);
/// Lanes of one step: name, holder, superblock, ...
drawing lanes_chart(const lazy_step& s, double longest_ms, const std::string& id);

}  // namespace drainlab::report
