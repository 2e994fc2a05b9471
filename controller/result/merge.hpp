// Results of shards, or of several runs of the same cells, as one; nothing is lost.
#pragma once

#include "controller/result/result.hpp"

#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace drainlab::report {

/// Takes results one by one, makes one of them at the end.
class merger {
  public:
    explicit merger(result first);

    /// Cells that are new are added; those that are there already take the samples on. What is wrong when the two
    /// cannot be one: another mode, profile, workload, machine, or samples that are in already; then nothing was added.
    std::optional<std::string> add(result more);

    /// All of it, with figures and comparisons computed anew, in the order of the grid. `complete` is false when one of
    /// the parts was not, or when missing() has something to say.
    result finish(const std::string& against);

    /// Which shards, or which cells of the grid, are in none of the parts; a line each.
    const std::vector<std::string>& missing() const noexcept { return missing_; }

  private:
    using identity = std::tuple<std::string, std::string, std::map<std::string, std::string>, std::uint64_t>;
    void note(const result& r);
    void look_for_gaps();
    bool has_all_samples() const;

    result all_;
    std::vector<cell> cells_;
    std::set<identity> seen_;
    int shards_of_ = 0;
    std::vector<std::string> missing_;
};

/// finish() point by point: comparisons and `weak` flags of a sweep.
void finish_points(result& r, const std::string& against, std::uint64_t seed);

}  // namespace drainlab::report
