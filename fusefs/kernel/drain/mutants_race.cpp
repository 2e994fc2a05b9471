// Mutants of race and rmbarrier: the read-side section, the counter, the two barriers and the waits, each broken on its
// own.
#include "fusefs/kernel/drain/mutants_parts.hpp"

namespace drainlab::kernel {

namespace {

template <class Parent>
struct no_rcu_read_lock final : mutant<Parent> {
    using mutant<Parent>::mutant;
    void window_opens(isw&) const override {}
};

template <class Parent>
struct unlock_before_queue final : mutant<Parent> {
    using mutant<Parent>::mutant;
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override {
        const bool prepared = co_await Parent::prepare(s, i, new_wb);
        s.reader.unlock();
        co_return prepared;
    }
};

template <class Parent>
struct lock_after_prepare final : mutant<Parent> {
    using mutant<Parent>::mutant;
    void window_opens(isw&) const override {}
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override {
        const bool prepared = co_await Parent::prepare(s, i, new_wb);
        co_await s.h.sched.preempt(point::isw_counted);
        if (prepared && !s.reader) s.reader = s.h.rcu.read_lock();
        co_return prepared;
    }
};

template <class Parent>
struct no_smp_mb_switch final : mutant<Parent> {
    using mutant<Parent>::mutant;
    task<bool> prepare(isw&, inode& i, const bdi_writeback& new_wb) const override {
        return inode_prepare_locked(i, new_wb);
    }
};

template <class Parent>
struct count_after_queue final : mutant<Parent> {
    using mutant<Parent>::mutant;
    void begin_switch(isw&) const override {}
    void abandon(isw&) const override {}
    bool counts_after_queue() const override { return true; }
    void after_queue(host& h) const override { h.isw_nr_in_flight.inc(); }
};

template <class Parent>
struct uncount_before_iput final : mutant<Parent> {
    using mutant<Parent>::mutant;
    task<> put_inode(isw& s, inode& i) const override {
        if (&i == s.inodes.back()) s.h.isw_nr_in_flight.add(-1);
        co_await s.h.sched.preempt(point::isw_put);
        co_await iput(i);
    }
    void end_of_switch(isw&) const override {}
};

/// Umount's side, step by step as given: m smp_mb, t test of the counter, s synchronize_rcu, b rcu_barrier, f flush.
template <class Parent>
class drains final : public mutant<Parent> {
  public:
    drains(std::string_view id, std::string_view what, std::string_view steps)
        : mutant<Parent>{id, what}, steps_{steps} {}
    task<> drain(super_block& sb) const override {
        for (const char step : steps_) {
            if (step == 'm') co_await sched::smp_mb(sb.h.sched);
            if (step == 't' && sb.h.isw_nr_in_flight.load() == 0) co_return;
            if (step == 's') co_await drain_synchronize_rcu(sb);
            if (step == 'b') co_await drain_rcu_barrier(sb);
            if (step == 'f') co_await drain_flush_isw_wq(sb);
        }
    }

  private:
    std::string_view steps_;
};

}  // namespace

void add_race_mutants(std::vector<const drain_policy*>& to) {
    using parent = race_policy;
    static const no_rcu_read_lock<parent> a{"race~no_rcu_read_lock", "no read-side section from prepare to queue"};
    static const unlock_before_queue<parent> b{"race~unlock_before_queue",
                                               "the read-side section ends before the switch is queued"};
    static const lock_after_prepare<parent> c{"race~lock_after_prepare",
                                              "the read-side section begins after the first inode is prepared"};
    static const drains<parent> d{"race~flush_before_synchronize", "umount flushes first", "mtfsb"};
    static const drains<parent> e{"race~no_synchronize", "umount waits for callbacks, not for readers", "mtbf"};
    static const drains<parent> f{"race~no_flush", "umount does not flush the work items", "mtsb"};
    static const drains<parent> g{"race~no_smp_mb_umount",
                                  "no smp_mb() between clearing SB_ACTIVE and reading the counter", "tsbf"};
    static const no_smp_mb_switch<parent> h{"race~no_smp_mb_switch",
                                            "no smp_mb() between counting and testing SB_ACTIVE"};
    to.insert(to.end(), {&a, &b, &c, &d, &e, &f, &g, &h});
}

void add_rmbarrier_mutants(std::vector<const drain_policy*>& to) {
    using parent = rmbarrier_policy;
    static const no_rcu_read_lock<parent> a{"rmbarrier~no_rcu_read_lock", "no read-side section from prepare to queue"};
    static const drains<parent> b{"rmbarrier~no_flush", "umount does not flush the work items", "mts"};
    static const drains<parent> c{"rmbarrier~barrier_for_synchronize", "umount drops the wrong one of the two waits",
                                  "mtbf"};
    static const drains<parent> d{"rmbarrier~flush_before_synchronize", "umount flushes first", "mtfs"};
    static const drains<parent> e{"rmbarrier~no_smp_mb_umount",
                                  "no smp_mb() between clearing SB_ACTIVE and reading the counter", "tsf"};
    static const no_smp_mb_switch<parent> f{"rmbarrier~no_smp_mb_switch",
                                            "no smp_mb() between counting and testing SB_ACTIVE"};
    static const count_after_queue<parent> g{"rmbarrier~count_after_queue",
                                             "the counter is raised once the switch is queued"};
    static const uncount_before_iput<parent> h{"rmbarrier~uncount_before_iput",
                                               "the counter is lowered before the last iput()"};
    to.insert(to.end(), {&a, &b, &c, &d, &e, &f, &g, &h});
}

namespace {

struct unpin_super_before_iput final : mutant<pin_super_policy> {
    using mutant::mutant;
    task<> put_inode(isw& s, inode& i) const override {
        const auto sb = i.i_sb;
        co_await deactivate_super(*sb);
        co_await s.h.sched.preempt(point::isw_put);
        co_await iput(i);
    }
};

struct no_pin final : mutant<none_policy> {
    using mutant::mutant;
};

}  // namespace

void add_pin_super_mutants(std::vector<const drain_policy*>& to) {
    static const unpin_super_before_iput a{"pin_super~unpin_before_iput", "the superblock is let go before the iput()"};
    static const no_pin b{"pin_super~no_pin", "the switch does not hold the superblock"};
    to.insert(to.end(), {&a, &b});
}

const std::vector<const drain_policy*>& drain_mutants() {
    static const std::vector<const drain_policy*> all = [] {
        std::vector<const drain_policy*> list;
        add_pin_super_mutants(list);
        add_race_mutants(list);
        add_rmbarrier_mutants(list);
        add_persb_mutants(list);
        list.insert(list.end(), added_policies().mutants.begin(), added_policies().mutants.end());
        return list;
    }();
    return all;
}

}  // namespace drainlab::kernel
