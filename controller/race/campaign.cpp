#include "controller/race/campaign.hpp"

#include "controller/race/subtrees.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>

namespace drainlab::race {

namespace {

constexpr auto look_every = std::chrono::milliseconds{100};

/// One search of the campaign. Under the campaign's lock, but for what never changes once it began.
struct entry {
    entry(const world_spec& w, const subject& u, int preemptions)
        : world{w}, under{u}, applies{race::applies(u, w)}, bound{preemptions} {}
    const world_spec& world;
    subject under;
    bool applies{};
    int bound{};
    std::optional<search_state> from;  ///< of the checkpoint
    search_state state;                ///< the latest that was told
    bool begun{};
    std::optional<judgement> judged;
    std::exception_ptr error;
};

class campaign {
  public:
    campaign(const campaign_plan& plan, campaign_listener& listener) : plan_{plan}, listener_{listener} {}

    result<campaign_result> run() {
        if (plan_.checkpoint) { BOOST_OUTCOME_TRY(kept_, checkpoint::read(*plan_.checkpoint)); }
        list();
        result<void> told = words::success();
        {
            std::vector<std::jthread> threads = start();
            told = tell_all();
            stop_ = !told || result_.interrupted;
        }
        for (const entry& e : entries_)
            if (e.error) std::rethrow_exception(e.error);
        BOOST_OUTCOME_TRYV(std::move(told));
        if (result_.interrupted) {
            tell_interrupted();
            BOOST_OUTCOME_TRYV(save());
            result_.place_kept = plan_.checkpoint.has_value();
        } else if (plan_.checkpoint && !result_.place_kept) {
            std::remove(plan_.checkpoint->c_str());
        }
        return std::move(result_);
    }

  private:
    void list() {
        for (const world_spec& world : plan_.worlds)
            for (const subject& under : subjects_of(world, plan_.drains, plan_.names)) {
                entry& e = entries_.emplace_back(world, under, plan_.bound(world));
                if (const search_state* from = kept_.find(under.id(), world, e.bound)) e.from = *from;
            }
    }

    // ---- the searching threads --------------------------------------------------------------------------------------

    std::vector<std::jthread> start() {
        const auto jobs = static_cast<std::size_t>(std::max(plan_.jobs, 1));
        const std::size_t busy = std::min(jobs, std::max<std::size_t>(entries_.size(), 1));
        crew_.spare = static_cast<int>(jobs - busy);
        std::vector<std::jthread> threads;
        for (std::size_t n = 0; n < busy; ++n) threads.emplace_back([this] { work(); });
        return threads;
    }

    void work() {
        while (entry* e = next()) {
            try {
                judgement j = judge(e->world, e->under, options_for(*e));
                const std::lock_guard held{mutex_};
                e->state = j.search.state;
                e->judged = std::move(j);
            } catch (...) {
                const std::lock_guard held{mutex_};
                e->error = std::current_exception();
                stop_ = true;
            }
            changed_.notify_all();
        }
        ++crew_.spare;  // may help the others
    }

    entry* next() {
        const std::lock_guard held{mutex_};
        while (next_ < entries_.size() && !entries_[next_].applies) ++next_;
        if (stop_ || next_ == entries_.size()) return nullptr;
        entries_[next_].begun = true;
        return &entries_[next_++];
    }

    search_options options_for(entry& e) {
        search_options options = plan_.each;
        options.preemptions = e.bound;
        options.resume_from = e.from;
        options.helpers = &crew_;
        options.on_progress = [this, &e](const search_state& s) {
            const std::lock_guard held{mutex_};
            e.state = s;
            return !stop_;
        };
        return options;
    }

    // ---- the caller's thread, which tells the listener, in order --------------------------------------------------

    result<void> tell_all() {
        for (entry& e : entries_) {
            if (!e.applies) {
                listener_.does_not_apply(e.under, e.world);
                continue;
            }
            if (e.from && !e.from->finished) listener_.resumes(e.under, e.world, *e.from);
            BOOST_OUTCOME_TRYV(wait_for(e));
            if (result_.interrupted || !e.judged) return words::success();
            BOOST_OUTCOME_TRYV(tell(e));
            result_.interrupted = result_.interrupted || !listener_.go_on();
            if (result_.interrupted) return words::success();
        }
        return words::success();
    }

    /// Until it is judged, or nothing goes on.
    result<void> wait_for(entry& e) {
        std::unique_lock held{mutex_};
        while (!e.judged && !stop_) {
            changed_.wait_for(held, look_every);
            const search_state now = e.state;
            const bool begun = e.begun && !e.judged;
            held.unlock();
            const auto at = std::chrono::steady_clock::now();
            if (begun && at - told_at_ >= std::chrono::milliseconds{500}) {
                told_at_ = at;
                listener_.progress(e.under, e.world, now);
            }
            const result<void> saved = at - saved_at_ >= save_every() ? save() : result<void>{words::success()};
            result_.interrupted = !listener_.go_on();
            held.lock();
            if (!saved || result_.interrupted) stop_ = true;
            if (!saved) return saved;
        }
        return words::success();
    }

    result<void> tell(entry& e) {
        judgement& j = *e.judged;
        if (!j.example) {
            BOOST_OUTCOME_TRYV(save());
            result_.place_kept = result_.place_kept || (plan_.checkpoint && !j.search.exhausted);
        }
        listener_.judged(j);
        result_.all.push_back(std::move(j));
        told_.push_back(&e);
        return words::success();
    }

    /// What was under way when it was stopped, too.
    void tell_interrupted() {
        for (entry& e : entries_)
            if (e.applies && e.judged && std::find(told_.begin(), told_.end(), &e) == told_.end() &&
                e.judged->search.interrupted) {
                listener_.judged(*e.judged);
                result_.all.push_back(*e.judged);
            }
    }

    std::chrono::duration<double> save_every() const { return std::chrono::duration<double>{plan_.save_every_s}; }

    /// Every search that has told where it is, but for those that
    /// found something: they are over soon, and are told again.
    result<void> save() {
        saved_at_ = std::chrono::steady_clock::now();
        if (!plan_.checkpoint) return words::success();
        {
            const std::lock_guard held{mutex_};
            for (const entry& e : entries_)
                if (e.begun && e.state.schedules > 0 && e.state.violating == 0)
                    kept_.keep(e.under.id(), e.world, e.bound, e.state);
        }
        return kept_.write(*plan_.checkpoint);
    }

    const campaign_plan& plan_;
    campaign_listener& listener_;
    checkpoint kept_;
    crew crew_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<entry> entries_;
    std::size_t next_{};
    std::atomic<bool> stop_{false};
    std::vector<const entry*> told_;
    std::chrono::steady_clock::time_point saved_at_{std::chrono::steady_clock::now()}, told_at_{saved_at_};
    campaign_result result_;
};

}  // namespace

result<campaign_result> run_campaign(const campaign_plan& plan, campaign_listener& listener) {
    return campaign{plan, listener}.run();
}

}  // namespace drainlab::race
