// A FUSE request as it comes from the device, before libfuse looks at it: as much as faults need.
#pragma once
#include "fusefs/fault/operation.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace drainlab::fuse {

/// What the bytes of a request say of it, without libfuse.
struct raw_request {
    std::uint64_t unique{}, node{};  ///< `node`: the file, or the directory that has `name`
    pid_t tid{};
    std::optional<fault::operation> op;       ///< none: INIT, FORGET, INTERRUPT and others that no fault is about
    std::optional<std::uint64_t> interrupts;  ///< of an INTERRUPT: the other request's `unique`
    std::string_view name{};                  ///< of the entry (of a rename: the old one); lies in the request
    std::uint64_t bytes{};                    ///< of a write
};

/// Nothing if it is too short to be a request.
std::optional<raw_request> look_at_request(const void* request, std::size_t size) noexcept;

/// Makes a WRITE one of its first `keep` bytes. @return its size then.
std::size_t shorten_write(void* request, std::size_t size, std::uint64_t keep) noexcept;

}  // namespace drainlab::fuse
