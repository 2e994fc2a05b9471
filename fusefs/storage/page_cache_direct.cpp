// Writes that reach the store before they are answered: all to a store in memory, and to any other those that it may
// have no room for.
#include "fusefs/kernel/folio_range.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

/// The store has [off, off + size): the pages note who pays, and that writeback is due.
void page_cache::note_stored(file_data& f, off_t off, std::size_t size, const char* data, const kernel::memcg_ptr& m) {
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    const off_t end = off + static_cast<off_t>(size);
    for (pgoff_t index = page_of(off); index <= page_of(end - 1); ++index) {
        const auto at = pages.find(index);
        kernel::folio& page = at == pages.end() ? kernel::folio_add(*inode, index, m) : at->second;
        page.uptodate = true;
        if (page.data) {
            const off_t from = std::max(off, offset_of(index)), to = std::min(end, offset_of(index + 1));
            std::memcpy(page.data.get() + (from - offset_of(index)), data + (from - off),
                        static_cast<std::size_t>(to - from));
        }
        kernel::folio_tag_dirty(*inode, page, index, m);
    }
    changed(f, page_of(off), page_of(end - 1) + 1);
    f.size = std::max(f.size, end);
    if (f.times_pending) set_times(f);
}

/// write_way::through.
void page_cache::store_now(file_write& w) {
    const iovec whole{const_cast<char*>(w.data()), w.left()};
    const ssize_t n = io_.pwritev(w.f.fd->get(), &whole, 1, w.at());
    if (n <= 0) {
        w.error = n < 0 ? static_cast<int>(-n) : EIO;
        return;
    }
    note_stored(w.f, w.at(), static_cast<std::size_t>(n), w.data(), w.payer);
    w.advance(static_cast<std::size_t>(n));
}

/// write_way::direct, with all that is left.
sched::task<> page_cache::write_direct(file_write& w) {
    sched::mark<"write: to the store, before it is answered">();
    file_data& f = w.f;
    const auto inode = f.inode.lock();
    // What waits for these pages goes first: an older byte must not come after a newer one.
    w.error = co_await write_and_wait(f, w.at(), static_cast<off_t>(w.left()), w.payer);
    if (!w.error && f.holds_bytes) w.error = co_await write_and_wait(f, 0, 0, w.payer);
    if (w.error) co_return;
    const auto claim = co_await claim_room(f, w.left());
    co_await device.transfer(w.left());
    w.error = co_await fault(device_op::write, *f.owner);
    if (!w.error) w.error = co_await need_fd(f, O_WRONLY);
    if (w.error) co_return;
    struct stored {
        std::size_t bytes{};
        int err{};
    };
    const auto bytes = std::make_shared<const std::string>(w.data(), w.left());
    auto write_call = calls_.data<stored>(
        "write",
        [fd = f.fd, io = &io_, bytes, off = w.at()](stored& out) {
            out.bytes = io->write_all(fd->get(), bytes->data(), bytes->size(), off, out.err);
            return 0;
        },
        f.path.c_str());
    const auto rc = co_await write_call;
    w.error = rc.err ? rc.err : rc.out.err;
    if (w.error) careful_until_ = sched_.now() + std::chrono::seconds{5};
    if (rc.out.bytes == 0) co_return;
    note_stored(f, w.at(), rc.out.bytes, bytes->data(), w.payer);
    w.advance(rc.out.bytes);
    co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
}

}  // namespace drainlab::storage
