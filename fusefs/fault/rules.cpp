#include "fusefs/fault/rules.hpp"

#include <algorithm>
#include <fnmatch.h>

namespace drainlab::fault {
namespace {

bool is_about(const active& a, operation op) noexcept { return a.asked.ops.test(static_cast<std::size_t>(op)); }

bool matches(const active& a, const call& c) {
    const rule& r = a.asked;
    return is_about(a, c.op) && (r.path == "*" || ::fnmatch(r.path.c_str(), c.path.c_str(), 0) == 0) &&
           (!r.pid || *r.pid == c.process) && (r.cgroup.empty() || is_in_cgroup(c.cgroup, r.cgroup));
}

bool strikes(active& a) {
    if (++a.saw.matched <= a.asked.after) return false;
    if (a.asked.times && a.struck >= *a.asked.times) return false;
    if (a.asked.probability < 1 && std::uniform_real_distribution{0.0, 1.0}(a.random) >= a.asked.probability)
        return false;
    ++a.struck;
    ++a.saw.injected;
    ++a.saw.under_way;
    return true;
}

}  // namespace

bool is_in_cgroup(const std::string& cgroup, const std::string& wanted) noexcept {
    if (wanted == "/") return !cgroup.empty();
    return cgroup.starts_with(wanted) && (cgroup.size() == wanted.size() || cgroup[wanted.size()] == '/');
}

bool active::as_asked() const noexcept {
    const bool counted = saw.injected == saw.under_way + saw.answered + saw.gone + saw.interrupted + saw.ended;
    const bool patient = saw.delays.took >= saw.delays.wanted && saw.delays.most_late.count() >= 0;
    const bool bounded = !asked.hang || saw.longest_hang <= *asked.hang + std::chrono::seconds{1};
    return counted && patient && bounded && saw.wrong_answers == 0;
}

bool rules::add(rule r) {
    const auto known = [&](const std::string& name) {
        return std::any_of(all_.begin(), all_.end(), [&](const auto& a) { return a->asked.name == name; });
    };
    if (r.name.empty()) {
        do { r.name = "fault-" + std::to_string(++last_number_); } while (known(r.name));
    } else if (known(r.name)) {
        return false;
    }
    auto a = std::make_shared<active>();
    a->random.seed(r.seed);
    a->asked = std::move(r);
    all_.push_back(std::move(a));
    return true;
}

std::size_t rules::clear(const std::string& name) {
    release(name);
    return std::erase_if(all_, [&](const auto& a) {
        if (!name.empty() && a->asked.name != name) return false;
        a->removed = true;
        return true;
    });
}

std::size_t rules::release(const std::string& name) {
    std::size_t hung = 0;
    for (const auto& a : all_) {
        if (!name.empty() && a->asked.name != name) continue;
        if (a->asked.hang) hung += a->saw.held;
        ++a->releases;
    }
    return hung;
}

rules::needs rules::needs_of(operation op) const noexcept {
    needs n;
    for (const auto& a : all_) {
        if (!is_about(*a, op)) continue;
        n.any = true;
        n.path = n.path || a->asked.path != "*";
        n.process = n.process || a->asked.pid;
        n.cgroup = n.cgroup || !a->asked.cgroup.empty();
    }
    return n;
}

rules::pointer rules::decide(const call& c) {
    for (const auto& a : all_)
        if (matches(*a, c) && strikes(*a)) return a;
    return nullptr;
}

}  // namespace drainlab::fault
