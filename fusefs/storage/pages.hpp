// Offsets and pages.
#pragma once
#include "fusefs/kernel/types.hpp"

#include <sys/types.h>

#include <algorithm>

namespace drainlab::storage {

using kernel::page_size;
using kernel::pgoff_t;

inline pgoff_t page_of(off_t off) noexcept { return static_cast<pgoff_t>(off) >> kernel::page_shift; }
inline off_t offset_of(pgoff_t index) noexcept { return static_cast<off_t>(index << kernel::page_shift); }
inline std::size_t offset_in_page(off_t off) noexcept { return static_cast<std::size_t>(off) % page_size; }

/// One page's part of a range.
struct page_part {
    pgoff_t index;
    std::size_t in, n;
    bool whole() const noexcept { return n == page_size; }
};
/// The first one of [off, off + left).
inline page_part first_part(off_t off, std::size_t left) noexcept {
    const std::size_t in = offset_in_page(off);
    return {page_of(off), in, std::min(page_size - in, left)};
}

}  // namespace drainlab::storage
