#include "fusefs/storage/device_errors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fnmatch.h>

namespace drainlab::storage {

namespace {
constexpr int largest_errno = 133;  // EHWPOISON
}

std::optional<device_op> parse_device_op(std::string_view word) noexcept {
    const auto at = std::find(device_op_words.begin(), device_op_words.end(), word);
    if (at == device_op_words.end()) return std::nullopt;
    return static_cast<device_op>(at - device_op_words.begin());
}

std::string_view to_string(device_op op) noexcept { return device_op_words[static_cast<std::size_t>(op)]; }

int parse_errno(std::string_view name) noexcept {
    for (int e = 1; e <= largest_errno; ++e) {
        const char* const known = ::strerrorname_np(e);
        if (known && name == known) return e == ENOSYS ? 0 : e;
    }
    return 0;
}

std::string errno_name(int error) {
    const char* const known = ::strerrorname_np(error);
    return known ? known : std::to_string(error);
}

void device_errors::set(const std::vector<error_rule>& rules) {
    rules_.clear();
    for (const auto& r : rules) rules_.push_back({r, std::mt19937_64{r.seed}});
}

bool device_errors::concerns(device_op op) const noexcept {
    return std::any_of(rules_.begin(), rules_.end(),
                       [op](const auto& r) { return r.rule.op == op || r.rule.op == device_op::any; });
}

int device_errors::strike(device_op op, const std::string& path) {
    for (auto& r : rules_) {
        if (r.rule.op != op && r.rule.op != device_op::any) continue;
        if (::fnmatch(r.rule.path.c_str(), path.c_str(), 0) != 0) continue;
        ++r.matched;
        if (std::uniform_real_distribution{0.0, 1.0}(r.random) >= r.rule.probability) continue;
        ++r.injected;
        return r.rule.error;
    }
    return 0;
}

}  // namespace drainlab::storage
