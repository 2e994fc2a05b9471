#include "fusefs/storage/device_errors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace drainlab::storage {

namespace {

constexpr int largest_errno = 133;  // EHWPOISON

/// A device's operations bear the names of the callers'; `any` is none of them.
const auto operation_of = []() noexcept {
    std::array<std::optional<fault::operation>, device_op_words.size()> all;
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = fault::parse_operation(device_op_words[k]);
    return all;
}();

}  // namespace

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
    rules_ = {};
    for (const auto& r : rules) {
        fault::rule f;
        f.ops.reset();
        for (std::size_t k = 0; k < operation_of.size(); ++k)
            if (operation_of[k] && (r.op == device_op::any || r.op == static_cast<device_op>(k)))
                f.ops.set(static_cast<std::size_t>(*operation_of[k]));
        f.path = r.path;
        f.probability = r.probability;
        f.error = r.error;
        f.seed = r.seed;
        rules_.add(std::move(f));
    }
}

bool device_errors::concerns(device_op op) const noexcept {
    return !none() && rules_.needs_of(*operation_of[static_cast<std::size_t>(op)]).any;
}

int device_errors::strike(device_op op, const std::string& path) {
    fault::call c;
    c.op = *operation_of[static_cast<std::size_t>(op)];
    c.path = path;
    const auto struck = rules_.decide(c);
    if (!struck) return 0;
    --struck->saw.under_way;  // nobody waits
    ++struck->saw.answered;
    return struck->asked.error;
}

}  // namespace drainlab::storage
