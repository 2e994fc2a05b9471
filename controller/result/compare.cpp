#include "controller/result/compare.hpp"

#include "controller/measure/quantile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string name_of(const cell& c) {
    auto text = fmt::format("{} under {}", c.scenario, c.mounts == "drainfs" ? c.policy : c.mounts + " " + c.policy);
    if (c.strategy) text += ", " + c.strategy->name;
    for (const auto& [key, value] : c.point) text += fmt::format(", {}={}", key, value);
    return text;
}

const cell* find_like(const result& r, const cell& c) {
    const auto at = std::find_if(r.cells.begin(), r.cells.end(), [&](const cell& o) { return same_cell(o, c); });
    return at == r.cells.end() ? nullptr : &*at;
}

void note_unlike(const result& before, const result& after, std::vector<std::string>& out) {
    const auto check = [&](const char* what, const auto& a, const auto& b) {
        if (a != b) out.push_back(fmt::format("{}: {} and {}", what, a, b));
    };
    const auto word = [](const std::optional<std::string>& w) { return w.value_or("none"); };
    const auto& e = before.environment;
    const auto& f = after.environment;
    check("mode", before.run.mode, after.run.mode);
    check("kernel", e.kernel, f.kernel);
    check("CPUs", e.cpus, f.cpus);
    check("profile", before.run.profile, after.run.profile);
    check("workload", before.run.workload, after.run.workload);
    check("way to unmount", word(before.run.umount), word(after.run.umount));
    check("unmounts wait by", word(e.umount_wait), word(f.umount_wait));
    check("identity", word(e.identity), word(f.identity));
    check("guests run by", word(before.run.accel), word(after.run.accel));
}

change judge(const cell_change& c, const compare_options& o) {
    const double up = 1 + o.effect;
    if (c.before->umount_ns.size() < measure::fewest_for_shift || c.after->umount_ns.size() < measure::fewest_for_shift)
        return change::inconclusive;
    if (c.chance <= o.false_alarms && c.by.ratio >= up) return change::worse;
    if (c.chance <= o.false_alarms && c.by.ratio <= 1 / up) return change::better;
    return c.by.range.high < up && c.by.range.low > 1 / up ? change::same : change::inconclusive;
}

}  // namespace

const char* to_string(change c) {
    switch (c) {
        case change::same: return "same";
        case change::better: return "better";
        case change::worse: return "worse";
        case change::inconclusive: return "inconclusive";
    }
    return "?";
}

bool compared_results::any(change c) const {
    return std::any_of(cells.begin(), cells.end(), [&](const cell_change& x) { return x.what == c; });
}

compared_results compare(const result& before, const result& after, const compare_options& options) {
    compared_results out;
    note_unlike(before, after, out.unlike);
    for (const auto& c : before.cells)
        if (!find_like(after, c)) out.unlike.push_back("only the first has " + name_of(c));
    std::vector<double> chances;
    for (const auto& c : after.cells) {
        const auto* old = find_like(before, c);
        if (!old) {
            out.unlike.push_back("only the second has " + name_of(c));
            continue;
        }
        for (const auto& [side, which] : {std::pair{"first", old}, std::pair{"second", &c}})
            if (which->umount_ns.size() < measure::fewest_for_shift)
                out.unlike.push_back(fmt::format("the {} has {} samples of {}; {} are needed", side,
                                                 which->umount_ns.size(), name_of(c), measure::fewest_for_shift));
        if (old->kernel != c.kernel)
            out.unlike.push_back(fmt::format("kernel of {}: {} and {}", name_of(c), old->kernel.value_or("none"),
                                             c.kernel.value_or("none")));
        if (old->umount_ns.empty() || c.umount_ns.empty()) continue;
        cell_change x;
        x.before = old;
        x.after = &c;
        x.by = measure::shift_of(measure::sorted(old->umount_ns), measure::sorted(c.umount_ns), options.confidence);
        out.cells.push_back(x);
        chances.push_back(x.by.chance / 2);  // towards the side on which it lies
    }
    const auto corrected = measure::holm(chances);
    for (std::size_t i = 0; i < out.cells.size(); ++i) {
        out.cells[i].chance = corrected[i];
        out.cells[i].what = judge(out.cells[i], options);
    }
    return out;
}

}  // namespace drainlab::report
