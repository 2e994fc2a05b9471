// Where a file ends.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

sched::task<int> page_cache::truncate(file_data& f, off_t size) {
    const auto inode = f.inode.lock();
    co_await free_to_change(f);
    change_lock lock{f, sched_};
    if (const int err = co_await need_fd(f, O_WRONLY)) co_return err;
    lock.moves_end();
    const pgoff_t partial = page_of(size);
    const std::size_t keep = offset_in_page(size);
    if (size < f.size)
        while (inode->i_mapping.writeback.lower_bound(partial) != inode->i_mapping.writeback.end())
            co_await kernel::filemap_fdatawait(*inode);
    auto truncate_call = calls_.data(
        "truncate", [fd = f.fd, io = &io_, size](nothing&) { return -io->ftruncate(fd->get(), size); }, f.path.c_str());
    const auto rc = co_await truncate_call;
    if (rc.err) co_return rc.err;
    if (size < f.size) co_await kernel::truncate_inode_pages(*inode, partial + (keep ? 1 : 0));
    f.end_unsure = false;
    end_at(f, size);
    if (f.times_pending) set_times(f);
    co_return 0;
}

/// The store's file ends there, and so does the file. What is beyond it in the cache goes; precondition: it is clean.
void page_cache::end_at(file_data& f, off_t size) {
    const off_t from = std::min(size, f.size);
    auto& pages = f.mapping().i_pages;
    const auto at = pages.find(page_of(from));
    const std::size_t keep = offset_in_page(from);
    if (keep && at != pages.end() && at->second.data) std::memset(at->second.data.get() + keep, 0, page_size - keep);
    invalidate(f, from + static_cast<off_t>((page_size - keep) % page_size), 0);
    changed(f, page_of(from), ~pgoff_t{0});
    f.size = size;
}

}  // namespace drainlab::storage
