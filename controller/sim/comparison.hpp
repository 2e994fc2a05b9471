// The table of compare(), row by row. Private to controller/sim.
#pragma once
#include "controller/sim/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::sim {

/// The median over rounds of the slowest of each `at_once` unmounts, in ms.
double p50_of(const report::cell& c, int at_once);

/// Our figures beside theirs. To be made once.
class comparison {
  public:
    using figures = reference::figures;

    comparison(const report::result& ours, const figures& theirs) : ours_{ours}, theirs_{theirs} {}

    /// The table and the count.
    compared made();

  private:
    // ---- ours of what they have: comparison.cpp
    /// Null unless unmounts were measured in it.
    const report::cell* cell_of(const std::string& scenario, const std::string& policy) const;
    /// Ours of a row: on a machine of its own, else that of its policy.
    const report::cell* cell_of_row(const std::string& scenario, const std::string& row) const;
    /// Why a row may miss: read off the phases of both where both have some, else what the reference suspects.
    std::string cause(const std::string& scenario, const std::string& row) const;
    /// Why a part may miss: the primitive behind it, where the row's guest has measured it under load.
    std::string part_cause(const std::string& scenario, const std::string& row, const std::string& part) const;
    /// The mean over their scenarios, by their numbers of calls
    /// if known, else by ours. Nothing unless all are in the run.
    std::optional<double> mean_call_ms(const std::string& policy, bool waiting_only) const;
    /// Rows in the order of their policies.
    template <class Map>
    std::vector<std::string> ordered(const Map& rows) const {
        std::vector<std::string> names;
        for (const auto& [row, unused] : rows) names.push_back(row);
        std::stable_sort(names.begin(), names.end(), [this](const auto& a, const auto& b) {
            return report::shown_before(theirs_.policy_of(a), theirs_.policy_of(b));
        });
        return names;
    }

    /// Whether the model was made to fit that scenario's figures.
    bool is_fitted(const std::string& scenario) const {
        return std::find(theirs_.fitted.begin(), theirs_.fitted.end(), scenario) != theirs_.fitted.end();
    }

    // ---- writing: comparison.cpp
    /// Adds to the text.
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }
    /// Prints one row and remembers a miss.
    void row(const std::string& what, double ours, double theirs, double within, const std::string& scenario,
             const std::string& policy, const char* remark = "", const std::string& why = {});
    /// Begins a table whose ratios may be that far from 1.
    void heading(const char* what, double within);
    /// How many are within their bounds, and which are not.
    void misses();

    // ---- the tables, one kind of figure each; nothing where they have none: comparison_tables.cpp
    void cells();
    /// How many calls found something to wait for: what a part's mean is over.
    void waited();
    void parts();
    void rcu();
    void per_call();
    void ratios();
    void own_cost();
    void order();

    const report::result& ours_;
    const figures& theirs_;
    std::string text_;
    std::vector<std::string> missed_;
    int compared_ = 0;
};

}  // namespace drainlab::sim
