// Our figures beside somebody else's: published ones, a lab's, or another result of ours.
#pragma once
#include "controller/experiment/failure.hpp"
#include "controller/result/documents.hpp"
#include "controller/result/result.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::sim {

/// Figures to compare with: a file of workloads/reference, or a drainlab.result/1.
class reference {
  public:
    struct figures;
    explicit reference(std::shared_ptr<const figures> f) : figures_{std::move(f)} {}
    const figures& operator*() const { return *figures_; }

  private:
    std::shared_ptr<const figures> figures_;
};

/// `published`, `lab`, or a file: one of ours, or a result. Exit 2 when it is neither.
experiment::result<reference> load_reference(const std::string& word);

/// What the other side was made on and with, for a run that is to stand beside it: a profile, CPUs (0: the profile's),
/// scenarios, and the policies of ours that its rows are about. Empty where it does not tell.
struct compared_machine {
    /// A kernel of the lab. `wakes_from_gp` by its release;
    /// `figures`: what its guest measured, see report::guest_figures.
    struct row {
        std::string name, policy, release;
        bool wakes_from_gp = true;
        std::map<std::string, std::uint64_t> figures;
    };
    std::string profile;
    int cpus = 0;
    std::vector<std::string> scenarios, policies;
    std::vector<row> rows;
};
/// What the reference tells of the machine behind it.
compared_machine machine_behind(const reference& theirs);

/// Whether the grace-period thread wakes synchronize_rcu() in a kernel
/// of that release, as it comes: since 6.18, with at most 16 CPUs.
bool wakes_from_gp(const std::string& release, int cpus);

/// The scenarios of the published table.
std::vector<std::string> compared_scenarios();

/// The table, and how many of the figures that both sides have lie within their bounds.
struct compared {
    std::string text;
    int figures = 0, missed = 0;
};

/// Of the reference that the result's profile belongs to (published or lab): every cell that both have. Nothing without
/// one.
std::optional<report::beside_figures> figures_beside(const report::result& ours);

/// Per cell ours, theirs and their ratio; per-call costs; what misses by more than the reference allows, with the
/// suspected cause; and what the model leaves out.
compared compare(const report::result& ours, const reference& theirs);

}  // namespace drainlab::sim
