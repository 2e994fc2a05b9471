// Several searches in a row: every policy in every world, with their places kept in a file.
#pragma once
#include "controller/race/checkpoint.hpp"
#include "controller/race/judge.hpp"

namespace drainlab::race {

/// Which searches, and on how many threads.
struct campaign_plan {
    std::vector<world_spec> worlds;
    std::vector<const kernel::drain_policy*> drains;
    std::vector<const kernel::namespace_policy*> names;
    search_options each;                          ///< but for its bound, progress, and where it goes on
    std::function<int(const world_spec&)> bound;  ///< of preemptions
    std::optional<std::string> checkpoint;        ///< read if it is there; removed once every search is finished
    int jobs{1};                                  ///< threads; the result does not depend on it
    double save_every_s{10};                      ///< how often a search under way is saved
};

/// Hears of the searches, in order, on the caller's thread.
class campaign_listener {
  public:
    virtual ~campaign_listener() = default;
    /// Asked between searches, and some ten times a second during one.
    virtual bool go_on() = 0;
    /// The world's producer of switches did not exist in the policy's kernels: no search.
    virtual void does_not_apply(const subject& under, const world_spec& world) = 0;
    /// A search from the checkpoint is taken up.
    virtual void resumes(const subject& under, const world_spec& world, const search_state& from) = 0;
    virtual void progress(const subject& under, const world_spec& world, const search_state& s) = 0;
    virtual void judged(const judgement& j) = 0;
};

/// What came of them, in the order of the plan whichever was over first.
struct campaign_result {
    std::vector<judgement> all;  ///< of the searches that were begun
    bool interrupted{};          ///< go_on() said no
    bool place_kept{};           ///< there is more to do, and the checkpoint says where
};

/// Runs them. Exit 2 for a checkpoint that is none of this tool's. Thread:
/// returns on the caller's; `listener` hears from one thread at a time.
result<campaign_result> run_campaign(const campaign_plan& plan, campaign_listener& listener);

}  // namespace drainlab::race
