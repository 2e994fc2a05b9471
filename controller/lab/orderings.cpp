#include "controller/lab/orderings.hpp"

#include "controller/lab/trace_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace drainlab::lab {
namespace {

using guest::trace_event;
using names = std::vector<std::string>;

/// What the drain of each policy waits for when switches are in flight.
const std::map<std::string, names>& promised_waits() {
    static const std::map<std::string, names> waits{{"rework", {"rcu_barrier", "__flush_workqueue"}},
                                                    {"base", {"rcu_barrier", "__flush_workqueue"}},
                                                    {"race", {"synchronize_rcu", "rcu_barrier", "__flush_workqueue"}},
                                                    {"rmbarrier", {"synchronize_rcu", "__flush_workqueue"}},
                                                    {"persb", {}}};
    return waits;
}

class checker {
  public:
    checker(const std::vector<trace_event>& events, const std::string& policy)
        : events_(events), policy_(policy), story_(read_story(events)) {}

    trace_verdict run() {
        for (const auto& w : story_.workers) check_worker(w);
        for (const auto& u : story_.unmounts)
            if (u.whole()) check_unmount(u);
        for (const auto& p : story_.preparations) verdict_.switches += p.ok ? 1 : 0;
        return verdict_;
    }

  private:
    /// Keeps the earliest broken promise.
    void broken(position at, const std::string& rule, const std::string& why) {
        if (!verdict_.accepted && at >= first_) return;
        const auto& e = events_[at];
        first_ = at;
        verdict_.accepted = false;
        verdict_.rule = rule;
        verdict_.event =
            fmt::format("{:.6f} {} of {}-{}: {}", static_cast<double>(e.at_ns) / 1e9, e.name, e.task, e.pid, why);
    }
    std::string time_of(position at) const {
        return fmt::format("{:.6f}", static_cast<double>(events_[at].at_ns) / 1e9);
    }

    void check_worker(const worker_run& w) {
        const bool waits = w.synchronize_begin != never;
        if (policy_ == "rework") {
            if (waits)
                broken(w.synchronize_begin, "era",
                       "the worker waits for a grace period, which queue_rcu_work() did before");
        } else if (w.end != never && (!waits || w.synchronize_end == never)) {
            broken(w.end, "era", "the worker returns without having waited for a grace period");
        }
    }

    void check_unmount(const unmount& u) {
        ++verdict_.unmounts;
        if (!u.waits.empty() || u.slept) ++verdict_.waited;
        check_preparations(u);
        check_waits(u);
        if (policy_ == "race" || policy_ == "rmbarrier") check_readers(u);
        if (policy_ == "persb") check_sleep(u);
    }

    void check_preparations(const unmount& u) {
        bool met = false;
        for (const auto& p : story_.preparations) {
            if (!p.ok || p.sb != u.sb || p.begin < last_mount(u)) continue;
            if (p.begin > u.drain_begin && p.begin < u.evict)
                broken(p.begin, "closed",
                       fmt::format("an inode is prepared after the drain of its superblock began at {}",
                                   time_of(u.drain_begin)));
            if (p.begin < u.drain_begin && queued_at(p) > u.drain_begin) met = true;
            if (p.begin < u.evict && over_at(p) > u.evict)
                broken(u.evict, "drained",
                       fmt::format("inode {:#x}, prepared at {}, is not switched yet", p.inode, time_of(p.begin)));
        }
        if (met) ++verdict_.in_window;
    }

    /// Superblocks are allocated anew at old addresses: only what happened since the last one there ended counts.
    position last_mount(const unmount& u) const {
        position at = 0;
        for (const auto& o : story_.unmounts)
            if (o.sb == u.sb && o.evict != never && o.evict < u.begin) at = std::max(at, o.evict);
        return at;
    }

    /// When the batch that the preparation belongs to was handed over: rework says so itself, else by its function's
    /// end.
    position queued_at(const preparation& p) const {
        if (p.batch == never) return p.end;
        const auto& batch = story_.calls[p.batch];
        if (const auto* queue = queue_of(batch)) return queue->begin;
        return batch.end;
    }
    const call* queue_of(const call& batch) const {
        for (const auto i : batch.inside)
            if (story_.calls[i].function == "queue_rcu_work") return &story_.calls[i];
        return nullptr;
    }

    /// When a worker that can have had the inode returned. With rework it is the very work; else any run that took its
    /// list after
    /// the inode was prepared.
    position over_at(const preparation& p) const {
        position over = never;
        const call* queue = p.batch == never ? nullptr : queue_of(story_.calls[p.batch]);
        const auto work = queue ? events_[queue->begin].field("work") : std::nullopt;
        for (const auto& w : story_.workers) {
            if (w.end == never) continue;
            if (policy_ == "rework" && work ? (w.work == *work && w.begin > queue->begin) : w.begin > p.begin)
                over = std::min(over, w.end);
        }
        return over;
    }

    void check_waits(const unmount& u) {
        names done;
        for (const auto i : u.waits) done.push_back(story_.calls[i].function);
        const auto& promised = promised_waits().at(policy_);
        if (!promised.empty() && u.slept)
            broken(u.drain_end, "waits", "it slept on a counter, which " + policy_ + " has not");
        if (done.empty()) {
            if (!promised.empty() && u.in_flight.value_or(0) > 0 && !worker_ran_in(u))
                broken(u.drain_end, "waits",
                       fmt::format("{} switches were in flight, but it waits for nothing", *u.in_flight));
            return;
        }
        if (done == promised) return;
        std::string list;
        for (const auto& name : done) list += (list.empty() ? "" : ", ") + name;
        // The first wait that the policy does not have at this place.
        std::size_t wrong = 0;
        while (wrong < done.size() && wrong < promised.size() && done[wrong] == promised[wrong]) ++wrong;
        const auto at = wrong < done.size() ? story_.calls[u.waits[wrong]].begin : u.drain_end;
        broken(at, "waits", fmt::format("{} does not drain by {}", policy_, list));
    }
    /// The counter may have fallen to zero between the probe's reading and the kernel's own.
    bool worker_ran_in(const unmount& u) const {
        return std::any_of(story_.workers.begin(), story_.workers.end(), [&](const worker_run& w) {
            return w.begin < u.drain_end && (w.end == never || w.end > u.drain_begin);
        });
    }

    void check_readers(const unmount& u) {
        for (const auto i : u.waits) {
            const auto& synchronize = story_.calls[i];
            if (synchronize.function != "synchronize_rcu" || synchronize.end == never) continue;
            for (const auto& p : story_.preparations)
                if (p.end > synchronize.end && p.begin < synchronize.end && opened_before(p, synchronize.begin))
                    broken(synchronize.end, "reader",
                           fmt::format("the batch of the preparation at {} was open at its begin and still is",
                                       time_of(p.begin)));
        }
    }
    /// Whether the batch of a preparation had prepared its first inode by then: from there on it is one read-side
    /// section.
    bool opened_before(const preparation& p, position at) const {
        if (p.begin < at) return true;
        return p.batch != never &&
               std::any_of(story_.preparations.begin(), story_.preparations.end(),
                           [&](const preparation& o) { return o.batch == p.batch && o.begin < at; });
    }

    void check_sleep(const unmount& u) {
        if (!u.slept) return;
        for (const auto& p : story_.preparations)
            if (p.sb == u.sb && p.begin < u.drain_end && (p.ok ? over_at(p) : p.end) > u.drain_begin) return;
        broken(u.drain_end, "own", "it slept, but no switch of its own superblock was under way");
    }

    const std::vector<trace_event>& events_;
    const std::string policy_;
    trace_story story_;
    trace_verdict verdict_;
    position first_ = never;
};

}  // namespace

const std::vector<std::string>& checkable_policies() {
    static const names all{"rework", "base", "race", "rmbarrier", "persb"};
    return all;
}

trace_verdict check_orderings(const std::vector<trace_event>& events, const std::string& policy) {
    return checker(events, policy).run();
}

}  // namespace drainlab::lab
