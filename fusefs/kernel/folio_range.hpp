// Folios that are neighbours, taken together: what a mount's page cache does to a request's 256 pages.
#pragma once
#include "fusefs/kernel/writeback.hpp"

#include <cstddef>

namespace drainlab::kernel {

/// folio_tag_dirty() of one that has been looked up: `f` is the folio at `index`.
void folio_tag_dirty(inode& i, folio& f, pgoff_t index, const memcg_ptr& m);
/// What precedes the store's write of the dirty folios [first, first + n): folio_clear_dirty_for_io(),
/// wbc_account_cgroup_owner() and folio_start_writeback() of each.
void folios_start_writeback(inode& i, pgoff_t first, std::size_t n, writeback_control& wbc);
/// What follows it: folio_end_writeback() of each; with `drop`, those that are clean then are removed.
void folios_end_writeback(inode& i, pgoff_t first, std::size_t n, int error, bool drop);

}  // namespace drainlab::kernel
