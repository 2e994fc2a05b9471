#include "controller/sim/gp_formula.hpp"

#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/random.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace drainlab::sim {
namespace {

using kernel::nanoseconds;
using sched::instant;
using sched::task;

class gp_formula final : public kernel::rcu {
  public:
    gp_formula(sched::scheduler& s, kernel::machine& cpus, const kernel::profile& p, std::uint64_t seed)
        : sched_{s}, machine_{cpus}, profile_{p}, random_{seed ^ 0x666f726d756c61ull} {
        sched_.spawn("rcu_preempt", gp_thread(), sched::fiber_kind::service);
        sched_.spawn("rcu callbacks", callback_thread(), sched::fiber_kind::service);
    }
    read_section read_lock() override {
        readers_.emplace(++last_reader_, 0);
        return read_section{*this, last_reader_};
    }
    task<> synchronize() override { return timed(&kernel::rcu_samples::synchronize, grace_period()); }
    task<> synchronize_expedited() override {
        if (profile_.rcu_normal) return timed(&kernel::rcu_samples::expedited, grace_period());
        return timed(&kernel::rcu_samples::expedited, expedited());
    }
    void call(std::function<void()> callback) override {
        callbacks_.emplace_back(started_ + 1, std::move(callback));
        request(started_ + 1);
        sched_.wake_all(&callbacks_);
    }
    task<> barrier() override { return timed(&kernel::rcu_samples::barrier, callbacks_done()); }
    std::uint64_t grace_periods() const override { return completed_; }
    std::size_t callbacks_pending() const override { return callbacks_.size(); }
    kernel::rcu_samples take_samples() override { return std::exchange(samples_, {}); }

  protected:
    void read_unlock(std::uint64_t id) override {
        readers_.erase(id);
        sched_.wake_all(&readers_);
    }

  private:
    task<> timed(std::vector<std::int64_t> kernel::rcu_samples::*where, task<> body) {
        const instant since = sched_.now();
        co_await body;
        if ((samples_.*where).size() < kernel::rcu_samples::limit)
            (samples_.*where).push_back((sched_.now() - since).count());
    }
    void request(std::uint64_t gp) {
        requested_ = std::max(requested_, gp);
        sched_.wake_all(&requested_);
    }
    nanoseconds length() {
        const instant now = sched_.now();
        const auto tick = profile_.tick();
        nanoseconds g{100'000 + static_cast<std::int64_t>(random_.below(400'000))};
        g += tick * kernel::rcu_engine::jiffies_till_fqs(profile_.hz, machine_.cpus());
        for (int c = 0; c < machine_.cpus(); ++c)
            if (machine_.busy(c, now, now))
                return g +
                       nanoseconds{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(tick.count())))};
        return g;
    }
    task<> gp_thread() {
        for (;;) {
            while (requested_ <= completed_)
                co_await sched_.wait_on(&requested_, "rcu: a grace period to be requested");
            ++started_;
            const std::uint64_t readers = last_reader_;
            co_await sched_.sleep_for(length(), "rcu: grace period");
            while (!readers_.empty() && readers_.begin()->first <= readers)
                co_await sched_.wait_on(&readers_, "rcu: a read section");
            completed_ = started_;
            sched_.wake_all(&completed_);
        }
    }
    task<> callback_thread() {
        for (;;) {
            while (callbacks_.empty()) co_await sched_.wait_on(&callbacks_, "rcu: callbacks");
            while (callbacks_.front().first > completed_) co_await sched_.wait_on(&completed_, "rcu: a grace period");
            co_await sched_.sleep_until(machine_.next_tick(0, sched_.now()), "rcu: softirq");
            while (!callbacks_.empty() && callbacks_.front().first <= completed_) {
                const auto callback = std::move(callbacks_.front().second);
                callbacks_.pop_front();
                callback();
            }
            sched_.wake_all(&done_key_);
        }
    }
    task<> grace_period() {
        const std::uint64_t mine = started_ + 1;
        request(mine);
        while (completed_ < mine) co_await sched_.wait_on(&completed_, "synchronize_rcu()");
    }
    task<> expedited() { co_await sched_.sleep_for(profile_.expedited_ipi, "synchronize_rcu_expedited()"); }
    task<> callbacks_done() {
        if (callbacks_.empty()) co_return;
        bool done = false;
        callbacks_.emplace_back(callbacks_.back().first, [&done] { done = true; });
        while (!done) co_await sched_.wait_on(&done_key_, "rcu_barrier()");
    }

    sched::scheduler& sched_;
    kernel::machine& machine_;
    kernel::profile profile_;
    sched::random random_;
    std::map<std::uint64_t, int> readers_;
    std::deque<std::pair<std::uint64_t, std::function<void()>>> callbacks_;
    std::uint64_t started_{}, completed_{}, requested_{}, last_reader_{};
    kernel::rcu_samples samples_;
    char done_key_{};
};

}  // namespace

std::unique_ptr<kernel::rcu> make_gp_formula(sched::scheduler& sched, kernel::machine& cpus, const kernel::profile& p,
                                             std::uint64_t seed) {
    return std::make_unique<gp_formula>(sched, cpus, p, seed);
}

}  // namespace drainlab::sim
