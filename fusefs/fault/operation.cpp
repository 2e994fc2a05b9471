#include "fusefs/fault/operation.hpp"

#include <algorithm>

namespace drainlab::fault {

std::optional<operation> parse_operation(std::string_view word) noexcept {
    const auto at = std::find(operation_words.begin(), operation_words.end(), word);
    if (at == operation_words.end()) return std::nullopt;
    return static_cast<operation>(at - operation_words.begin());
}

std::string_view to_string(operation op) noexcept { return operation_words[static_cast<std::size_t>(op)]; }

bool has_caller(operation op) noexcept { return op != operation::release && op != operation::releasedir; }

operations any_operation() noexcept {
    operations all;
    for (std::size_t i = 0; i < operation_count; ++i) all[i] = has_caller(static_cast<operation>(i));
    return all;
}

bool is_metadata(operation op) noexcept {
    switch (op) {
        case operation::lookup:
        case operation::setattr:
        case operation::readlink:
        case operation::symlink:
        case operation::mknod:
        case operation::mkdir:
        case operation::unlink:
        case operation::rmdir:
        case operation::rename:
        case operation::link:
        case operation::create:
        case operation::readdir:
        case operation::setxattr:
        case operation::removexattr: return true;
        default: return false;
    }
}

}  // namespace drainlab::fault
