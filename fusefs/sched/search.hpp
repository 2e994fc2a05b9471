// Deciders: depth-first search over all choices, replay of one schedule, random walks, PCT.
#pragma once
#include "fusefs/sched/decider.hpp"
#include "fusefs/sched/random.hpp"
#include "fusefs/sched/schedule.hpp"
#include "fusefs/sched/scheduler.hpp"

#include <map>
#include <optional>
#include <stdexcept>

namespace drainlab::sched {

/// The same choices led to another number of options: the world under search
/// is not deterministic, or a schedule is of another world or version.
struct nondeterminism : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Stateless search: every run starts anew and follows the choices
/// that led to the last branching, then takes 0 everywhere.
///     do { run(search); } while (search.next());
class depth_first final : public decider {
  public:
    std::uint32_t decide(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) override;
    /// To the next schedule; false if there is none.
    bool next();
    /// The choices of the present run.
    schedule taken(int preemptions) const;
    /// Between runs: hands the largest part that is still to come to another search, which
    /// comes after all that this one keeps. Nothing if there is only one schedule left.
    std::optional<depth_first> split();
    /// Continue where another search was: its choices with their numbers of options.
    /// What was split off is not part of it: who resumes goes through that, too.
    struct branch {
        std::uint32_t taken, options;
    };
    std::vector<branch> branches() const;
    void resume(const std::vector<branch>& branches);

    /// Choices of all runs so far, each counted once however many runs passed it.
    std::uint64_t choice_points() const noexcept { return choice_points_; }
    /// The most choices of one run.
    std::size_t deepest() const noexcept { return deepest_; }
    /// Share of the tree that is done, in [0, 1], taking every subtree of one node as equally large.
    double explored() const;

  private:
    struct node {
        std::uint32_t taken, options, end;  // `end`: those from there on are somebody else's
    };
    std::vector<node> stack_;
    std::size_t depth_{};
    std::size_t deepest_{};
    std::uint64_t choice_points_{};
};

/// Makes the choices of a schedule, then 0.
class replay final : public decider {
  public:
    explicit replay(schedule s) : schedule_{std::move(s)} {}
    std::uint32_t decide(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) override;
    /// All its choices were used.
    bool used_up() const noexcept { return at_ >= schedule_.taken.size(); }

  private:
    schedule schedule_;
    std::size_t at_{};
};

/// Remembers what it chose, so that a find can be replayed.
class recording_decider : public decider {
  public:
    std::uint32_t decide(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) final {
        taken_.push_back(pick(kind, candidates, options));
        return taken_.back();
    }
    schedule taken(int preemptions) const;
    /// The next run begins.
    virtual void begin() { taken_.clear(); }

  protected:
    virtual std::uint32_t pick(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) = 0;

  private:
    std::vector<std::uint32_t> taken_;
};

/// Every option with equal probability; at a named point it goes on three times in four.
class random_walk final : public recording_decider {
  public:
    explicit random_walk(std::uint64_t seed) : random_{seed} {}

  protected:
    std::uint32_t pick(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) override;

  private:
    random random_;
};

/// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with
/// probabilistic guarantees of finding bugs", 2010): random priorities, `depth` - 1 places where the running
/// fiber drops to the lowest. Finds a bug of that depth with probability at least 1 / (n k^(depth - 1)) per run.
class pct final : public recording_decider {
  public:
    /// `steps` is a guess at the number of choices of a run, corrected by what is seen.
    pct(std::uint64_t seed, int depth = 3, std::size_t steps = 32);
    void begin() override;

  protected:
    std::uint32_t pick(choice_kind kind, std::span<fiber* const> candidates, std::uint32_t options) override;

  private:
    std::int64_t priority_of(const fiber* f);

    random random_;
    int depth_;
    std::size_t steps_, at_{};
    std::vector<std::size_t> changes_;
    std::map<fiber_id, std::int64_t> priorities_;
    std::int64_t lowest_{};
};

}  // namespace drainlab::sched
