// Mutants of persb: the pin, the second test, the two barriers, the unpin, the wake and the wait, each broken on its
// own.
#include "fusefs/kernel/drain/mutants_parts.hpp"

#include <map>
#include <memory>

namespace drainlab::kernel {

namespace {

task<> no_wait(super_block&) { co_return; }

struct pin_after_iget final : mutant<persb_policy> {
    using mutant::mutant;
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override {
        co_await sched::smp_mb(s.h.sched);
        const bool prepared = co_await inode_prepare_locked(i, new_wb);
        co_await s.h.sched.preempt(point::isw_pinned);
        if (prepared) i.i_sb->s_isw_nr_in_flight.inc();
        co_return prepared;
    }
};

struct no_wb_ref final : mutant<persb_policy> {
    using mutant::mutant;
    bool holds_new_wb() const override { return false; }
};

struct unpin_before_iput final : mutant<persb_policy> {
    using mutant::mutant;
    task<> put_inode(isw& s, inode& i) const override {
        unpin(*i.i_sb);
        co_await s.h.sched.preempt(point::isw_put);
        co_await iput(i);
    }
};

struct unpin_when_queued final : mutant<persb_policy> {
    using mutant::mutant;
    void queue(isw& s) const override {
        std::vector<std::shared_ptr<super_block>> pinned;
        for (const inode* i : s.inodes) pinned.push_back(i->i_sb);
        persb_policy::queue(s);
        for (const auto& sb : pinned) unpin(*sb);
    }
    task<> put_inode(isw&, inode& i) const override { return iput(i); }
};

struct unpin_on_success_only final : mutant<persb_policy> {
    using mutant::mutant;
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override {
        if (!i.i_sb->active()) co_return false;
        i.i_sb->s_isw_nr_in_flight.inc();
        co_await s.h.sched.preempt(point::isw_pinned);
        co_await sched::smp_mb(s.h.sched);
        co_return co_await inode_prepare_locked(i, new_wb);
    }
};

/// The switch's side with one of its parts left out.
class shortened_prepare final : public mutant<persb_policy> {
  public:
    shortened_prepare(std::string_view id, std::string_view what, bool barrier, bool second_test)
        : mutant{id, what}, barrier_{barrier}, second_test_{second_test} {}
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override {
        super_block& sb = *i.i_sb;
        if (!sb.active()) co_return false;
        co_await s.h.sched.preempt(point::isw_counted);
        sb.s_isw_nr_in_flight.inc();
        if (barrier_) co_await sched::smp_mb(s.h.sched);
        const bool prepared = co_await inode_prepare_locked(i, new_wb, second_test_);
        if (!prepared) unpin(sb);
        co_return prepared;
    }

  private:
    bool barrier_, second_test_;
};

struct no_smp_mb_umount final : mutant<persb_policy> {
    using mutant::mutant;
    task<> drain(super_block& sb) const override {
        while (sb.s_isw_nr_in_flight.load() != 0)
            co_await sb.h.sched.wait_on(sb.s_isw_nr_in_flight.key(), "s_isw_nr_in_flight of the superblock");
    }
};

/// One pin per switch, on the superblock of its first inode.
class count_work_items final : public mutant<persb_policy> {
  public:
    using mutant::mutant;
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override {
        if (!s.inodes.empty()) co_return co_await inode_prepare_locked(i, new_wb);
        const bool prepared = co_await persb_policy::prepare(s, i, new_wb);
        if (prepared) pinned()[&s] = i.i_sb;
        co_return prepared;
    }
    task<> put_inode(isw& s, inode& i) const override {
        const bool last = &i == s.inodes.back();
        co_await iput(i);
        if (!last) co_return;
        if (const auto sb = pinned()[&s].lock()) unpin(*sb);
        pinned().erase(&s);
    }

  private:
    // A policy is one object for all machines, and each machine lives on one thread.
    static std::map<const isw*, std::weak_ptr<super_block>>& pinned() {
        thread_local std::map<const isw*, std::weak_ptr<super_block>> of_this_thread;
        return of_this_thread;
    }
};

struct waker_touches_sb final : mutant<persb_policy> {
    using mutant::mutant;
    task<> put_inode(isw& s, inode& i) const override {
        const auto sb = i.i_sb;
        co_await iput(i);
        if (sb->s_isw_nr_in_flight.add(-1) > 0) co_return;
        co_await s.h.sched.preempt(point::isw_put);
        sb->s_es_stats.add(0);  // a wait queue inside the superblock, say
        s.h.sched.wake_all(sb->s_isw_nr_in_flight.key());
    }
};

struct lost_wakeup final : mutant<persb_policy> {
    using mutant::mutant;
    task<> put_inode(isw& s, inode& i) const override {
        const auto sb = i.i_sb;
        co_await iput(i);
        co_await s.h.sched.preempt(point::isw_put);
        sb->s_isw_nr_in_flight.add(-1);
    }
};

struct sleep_without_retest final : mutant<persb_policy> {
    using mutant::mutant;
    task<> drain(super_block& sb) const override {
        co_await sched::smp_mb(sb.h.sched);
        if (sb.s_isw_nr_in_flight.load() == 0) co_return;
        co_await sb.h.sched.preempt(point::drain_step);
        co_await sb.h.sched.wait_on(sb.s_isw_nr_in_flight.key(), "s_isw_nr_in_flight of the superblock");
    }
};

struct no_drain final : mutant<persb_policy> {
    using mutant::mutant;
    task<> drain(super_block& sb) const override { return no_wait(sb); }
};

}  // namespace

void add_persb_mutants(std::vector<const drain_policy*>& to) {
    static const pin_after_iget a{"persb~pin_after_iget", "the pin follows the inode's reference"};
    static const unpin_before_iput b{"persb~unpin_before_iput", "the unpin precedes the iput()"};
    static const unpin_when_queued c{"persb~unpin_when_queued", "the pin covers prepare to queue only"};
    static const unpin_on_success_only d{"persb~unpin_on_success_only", "a switch that backs out keeps its pin"};
    static const no_smp_mb_umount e{"persb~no_smp_mb_umount",
                                    "no smp_mb() between clearing SB_ACTIVE and reading the counter"};
    static const shortened_prepare f{"persb~no_smp_mb_switch",
                                     "no smp_mb() between the pin and the second SB_ACTIVE test", false, true};
    static const shortened_prepare g{"persb~test_active_once", "SB_ACTIVE is tested before the pin only", true, false};
    static const count_work_items h{"persb~count_work_items", "counts switches, not inodes"};
    static const waker_touches_sb i{"persb~waker_touches_sb",
                                    "the wake-up looks into the superblock after the last unpin"};
    static const lost_wakeup j{"persb~lost_wakeup", "the last unpin wakes nobody"};
    static const sleep_without_retest k{"persb~sleep_without_retest",
                                        "umount tests, then sleeps without testing again"};
    static const no_drain l{"persb~no_drain", "umount does not wait"};
    static const no_wb_ref m{"persb~no_wb_ref", "a queued switch has no reference to its new wb"};
    to.insert(to.end(), {&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l, &m});
}

}  // namespace drainlab::kernel
