// What a power cut takes: dirty pages that nobody has synced.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <sys/stat.h>

#include <fcntl.h>

namespace drainlab::storage {

namespace {

/// What the store has in place of dirty pages.
struct stored_pages {
    struct stat st {};
    std::vector<char> bytes;  ///< page by page; zeros where it has none
};

/// Bytes of dirty pages that are other in the store, or beyond its end.
std::uint64_t differing_bytes(const file_data& f, const std::vector<pgoff_t>& pages, const stored_pages& stored) {
    std::uint64_t count = 0;
    for (std::size_t k = 0; k < pages.size(); ++k) {
        const off_t begins = offset_of(pages[k]);
        const kernel::folio& page = f.mapping().i_pages.at(pages[k]);
        const auto* const here = reinterpret_cast<const char*>(page.data.get());
        const char* const there = stored.bytes.data() + k * page_size;
        for (std::size_t i = 0; here && i < page_size && begins + static_cast<off_t>(i) < f.size; ++i)
            count += begins + static_cast<off_t>(i) >= stored.st.st_size || here[i] != there[i];
    }
    return count;
}

}  // namespace

sched::task<std::uint64_t> page_cache::drop_unsynced(file_data& f) {
    const auto inode = f.inode.lock();
    co_await free_to_change(f);
    change_lock lock{f, sched_};
    lock.moves_end();
    co_await kernel::filemap_fdatawait(*inode);  // what is on its way arrives
    if (inode->i_mapping.dirty.empty()) co_return 0;
    [[maybe_unused]] const int unreadable = co_await need_fd(f, O_RDONLY);
    const std::vector<pgoff_t> pages(inode->i_mapping.dirty.begin(), inode->i_mapping.dirty.end());
    auto read_call = calls_.names<stored_pages>(
        "read", [owner = f.owner, fd = f.fd, io = &io_, pages](directory_store& s, stored_pages& out) {
            if (const int err = fd ? -io->fstat(fd->get(), out.st) : s.getattr(*owner, out.st)) return err;
            out.bytes.resize(pages.size() * page_size);
            for (std::size_t k = 0; fd && k < pages.size(); ++k) {
                const iovec one{out.bytes.data() + k * page_size, page_size};
                io->preadv(fd->get(), &one, 1, offset_of(pages[k]));
            }
            return 0;
        });
    const auto stored = co_await read_call;
    if (inode->fs_private.get() != &f) co_return 0;  // evicted meanwhile
    if (stored.err) {
        ++silent_failures_;
        co_return 0;
    }
    const std::uint64_t bytes = differing_bytes(f, pages, stored.out);
    co_await kernel::truncate_inode_pages(*inode, 0);
    changed(f, 0, ~pgoff_t{0});
    f.holds_bytes.reset();
    f.size = stored.out.st.st_size;
    f.times_pending = f.end_unsure = false;
    f.ctime = f.store_ctime = {};
    unsynced_.dropped_bytes += bytes;
    tell_less_dirty();
    co_return bytes;
}

}  // namespace drainlab::storage
