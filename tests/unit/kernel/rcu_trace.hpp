// What any RCU promises, checked on a trace of what its users saw. rcu_untimed does just this and no more: a grace
// period may end as soon as, and not before, every older reader has ended.
#pragma once
#include "fusefs/kernel/rcu.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace drainlab::kernel::test {

enum class seen : std::uint8_t {
    reader_begins,
    reader_ends,
    wait_begins,
    wait_ends,
    queued,
    invoked,
    barrier_begins,
    barrier_ends
};

struct rcu_event {
    seen what{};
    int id{};                       ///< of this reader, wait, callback or barrier: unique in the trace
    int cpu{};                      ///< callbacks: of which CPU's list
    std::uint64_t grace_periods{};  ///< normal ones, over by then
};
using rcu_trace = std::vector<rcu_event>;

/// Looks at a trace event by event; says what was not allowed.
class rcu_rules {
  public:
    /// The breaches of `trace`, which ends when everything is over. Empty: allowed.
    static std::vector<std::string> breaches(const rcu_trace& trace) {
        rcu_rules rules;
        for (const rcu_event& e : trace) rules.look_at(e);
        rules.at_the_end();
        return std::move(rules.breaches_);
    }

  private:
    struct waiting {
        std::vector<int> older_readers;
        std::uint64_t grace_periods{};
    };
    struct callback {
        waiting since;
        int cpu{};
        bool invoked{};
    };

    void look_at(const rcu_event& e) {
        switch (e.what) {
            case seen::reader_begins: running_readers_.insert(e.id); break;
            case seen::reader_ends: running_readers_.erase(e.id); break;
            case seen::wait_begins: waits_[e.id] = begin(e); break;
            case seen::wait_ends:
                readers_over(waits_.at(e.id), "synchronize_rcu() " + std::to_string(e.id) + " returned");
                waits_.erase(e.id);
                break;
            case seen::queued: callbacks_[e.id] = {begin(e), e.cpu, false}; break;
            case seen::invoked: invoked(e); break;
            case seen::barrier_begins: barriers_[e.id] = callbacks_queued(); break;
            case seen::barrier_ends: barrier_ends(e); break;
        }
    }

    waiting begin(const rcu_event& e) const {
        return {{running_readers_.begin(), running_readers_.end()}, e.grace_periods};
    }
    void readers_over(const waiting& w, const std::string& who) {
        for (const int id : w.older_readers)
            if (running_readers_.contains(id))
                breach(who + " before the older reader " + std::to_string(id) + " ended");
    }
    void invoked(const rcu_event& e) {
        callback& c = callbacks_.at(e.id);
        const std::string who = "callback " + std::to_string(e.id);
        if (c.invoked) breach(who + " ran twice");
        c.invoked = true;
        readers_over(c.since, who + " ran");
        if (e.grace_periods <= c.since.grace_periods) breach(who + " ran without a grace period");
        for (const auto& [id, other] : callbacks_)
            if (id < e.id && other.cpu == c.cpu && !other.invoked)
                breach(who + " ran before " + std::to_string(id) + ", which its CPU had queued earlier");
    }
    std::vector<int> callbacks_queued() const {
        std::vector<int> ids;
        for (const auto& [id, c] : callbacks_)
            if (!c.invoked) ids.push_back(id);
        return ids;
    }
    void barrier_ends(const rcu_event& e) {
        for (const int id : barriers_.at(e.id))
            if (!callbacks_.at(id).invoked)
                breach("rcu_barrier() " + std::to_string(e.id) + " returned before the older callback " +
                       std::to_string(id));
        barriers_.erase(e.id);
    }
    void at_the_end() {
        for (const auto& [id, w] : waits_) breach("synchronize_rcu() " + std::to_string(id) + " never returned");
        for (const auto& [id, b] : barriers_) breach("rcu_barrier() " + std::to_string(id) + " never returned");
        for (const auto& [id, c] : callbacks_)
            if (!c.invoked) breach("callback " + std::to_string(id) + " never ran");
    }
    void breach(std::string what) { breaches_.push_back(std::move(what)); }

    std::set<int> running_readers_;
    std::map<int, waiting> waits_;
    std::map<int, callback> callbacks_;
    std::map<int, std::vector<int>> barriers_;
    std::vector<std::string> breaches_;
};

}  // namespace drainlab::kernel::test
