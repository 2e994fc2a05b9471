// Our figures beside somebody else's: published ones, a lab's, or another result of ours.
#pragma once
#include "controller/client/failure.hpp"
#include "controller/report/result.hpp"

#include <memory>
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
client::result<reference> load_reference(const std::string& word);

/// The scenarios of the published table.
std::vector<std::string> compared_scenarios();

/// The table: per cell ours, theirs and their ratio; per-call costs; what misses by more than the reference allows, with the
/// suspected cause; and what the model leaves out.
std::string compare(const report::result& ours, const reference& theirs);

}  // namespace drainlab::sim
