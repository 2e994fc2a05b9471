#include "controller/report/result.hpp"

#include <algorithm>
#include <iterator>

namespace drainlab::report {
namespace {

constexpr const char* history[] = {"none", "pin_super", "flush",     "barrier", "rework",
                                   "base", "race",      "rmbarrier", "persb",   "persb_2019"};

auto place(const std::string& policy) {
    const auto bare = policy.substr(0, policy.find('~'));  // a mutant stands beside what it mutates
    return std::find(std::begin(history), std::end(history), bare) - std::begin(history);
}

}  // namespace

const cell* find_cell(const result& r, const std::string& scenario, const std::string& policy) {
    const auto at = std::find_if(r.cells.begin(), r.cells.end(), [&](const cell& c) {
        return c.scenario == scenario && c.policy == policy && c.mounts == "drainfs";
    });
    return at == r.cells.end() ? nullptr : &*at;
}

bool is_global(const std::string& policy) {
    const auto bare = policy.substr(0, policy.find('~'));
    for (const auto* known : {"flush", "barrier", "rework", "base", "race", "rmbarrier"})
        if (bare == known) return true;
    return false;
}

bool shown_before(const std::string& a, const std::string& b) {
    return std::pair{place(a), a} < std::pair{place(b), b};
}

}  // namespace drainlab::report
