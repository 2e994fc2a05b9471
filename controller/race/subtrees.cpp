#include "controller/race/subtrees.hpp"

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace drainlab::race {

void tally::append(const tally& later) {
    schedules += later.schedules;
    choice_points += later.choice_points;
    violating += later.violating;
    verified += later.verified;
    tasks = std::max(tasks, later.tasks);
    for (std::size_t w = 0; w < window_count; ++w) {
        reached[w] += later.reached[w];
        if (!window_example[w]) window_example[w] = later.window_example[w];
    }
    if (!counterexample && later.counterexample) {
        counterexample = later.counterexample;
        findings = later.findings;
    }
}

namespace {

constexpr auto ask_every = std::chrono::milliseconds{500};
constexpr std::uint64_t look_up_every = 64, worth_splitting = 256;

/// A part of the tree. Its fields are its thread's own until it is done, `told` is under the lock.
struct part {
    explicit part(sched::depth_first c) : choices{std::move(c)} {}
    sched::depth_first choices;
    tally seen;
    bool exhausted{}, found{};
    bool done{};  // under the lock: exhausted, or there is a find
    std::atomic<bool> stop{false};
    std::exception_ptr error;
    tally told;
    sched::depth_first told_choices;
    std::thread helper;
};

class tree {
  public:
    tree(const subtree_work& work, crew* helpers) : work_{work}, crew_{helpers} {}

    subtree_result run(sched::depth_first start) {
        parts_.emplace_back(std::move(start));
        search(parts_.begin(), true);
        wait_for_helpers();
        for (part& p : parts_)
            if (p.helper.joinable()) p.helper.join();
        for (const part& p : parts_)
            if (p.error) std::rethrow_exception(p.error);
        return sum_up();
    }

  private:
    using place = std::list<part>::iterator;

    void search(place at, bool caller) {
        part& p = *at;
        try {
            for (;;) {
                work_.run_one(p.choices, p.seen);
                p.seen.choice_points = p.choices.choice_points();
                p.found = work_.found(p.seen);
                p.exhausted = !p.choices.next();
                if (p.exhausted || p.found || p.seen.schedules >= work_.most) break;
                if (p.seen.schedules % look_up_every == 0 && !look_up(at, caller)) break;
            }
        } catch (...) { p.error = std::current_exception(); }
        const std::lock_guard held{mutex_};
        p.done = p.exhausted || p.found || p.error;
        if (!p.done) p.stop = true;
        if (p.found || p.error)
            for (auto later = std::next(at); later != parts_.end(); ++later) later->stop = true;
        finished_.notify_all();
    }

    /// Tells where it is, gives a part away if somebody is free, asks whether to go on.
    bool look_up(place at, bool caller) {
        part& p = *at;
        if (p.stop || std::chrono::steady_clock::now() >= work_.deadline) return false;
        if (crew_ && p.seen.schedules >= worth_splitting && crew_->spare.load() > 0) split(at);
        if (caller && p.seen.schedules % 256 == 0) {
            const auto now = std::chrono::steady_clock::now();
            if (now - asked_ >= ask_every) ask(&p, now);
        }
        if (!caller && p.seen.schedules % 256 == 0) tell(p);
        return !p.stop;
    }

    void tell(part& p) {
        const std::lock_guard held{mutex_};
        p.told = p.seen;
        p.told_choices = p.choices;
    }

    void split(place at) {
        if (crew_->spare.fetch_sub(1) <= 0) {
            ++crew_->spare;
            return;
        }
        const std::lock_guard held{mutex_};
        auto rest = at->stop ? std::nullopt : at->choices.split();
        if (!rest) {
            ++crew_->spare;
            return;
        }
        const place fresh = parts_.emplace(std::next(at), std::move(*rest));
        fresh->told_choices = fresh->choices;
        fresh->helper = std::thread{[this, fresh] {
            search(fresh, false);
            ++crew_->spare;
        }};
    }

    /// From the caller's thread.
    void ask(part* own, std::chrono::steady_clock::time_point now) {
        asked_ = now;
        if (own) tell(*own);
        tally sum;
        sched::depth_first left;
        {
            const std::lock_guard held{mutex_};
            for (const part& p : parts_) {
                sum.append(p.done ? p.seen : p.told);
                if (p.done) continue;
                left = p.told_choices;
                break;
            }
        }
        if (work_.go_on(sum, left)) return;
        const std::lock_guard held{mutex_};
        for (part& p : parts_) p.stop = true;
    }

    void wait_for_helpers() {
        const auto busy = [this] {
            for (const part& p : parts_)
                if (!p.done && !p.stop) return true;
            return false;
        };
        std::unique_lock held{mutex_};
        if (!busy()) return;
        ++crew_->spare;  // this thread has nothing to do
        while (busy())
            if (finished_.wait_for(held, ask_every) == std::cv_status::timeout) {
                held.unlock();
                ask(nullptr, std::chrono::steady_clock::now());
                held.lock();
            }
        --crew_->spare;
    }

    subtree_result sum_up() {
        subtree_result r;
        for (part& p : parts_) {
            r.sum.append(p.seen);
            if (p.found) return r;
            if (!p.done) {
                r.left = std::move(p.choices);
                return r;
            }
        }
        r.finished = true;
        return r;
    }

    const subtree_work& work_;
    crew* crew_;
    std::list<part> parts_;  // in depth-first order
    std::mutex mutex_;
    std::condition_variable finished_;
    std::chrono::steady_clock::time_point asked_{std::chrono::steady_clock::now()};
};

}  // namespace

subtree_result search_subtrees(sched::depth_first start, const subtree_work& work, crew* helpers) {
    return tree{work, helpers}.run(std::move(start));
}

}  // namespace drainlab::race
