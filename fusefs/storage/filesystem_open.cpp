// Files in use: opened, closed, forgotten. Close-to-open consistency with whoever else changes the store.
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/filesystem.hpp"
#include "fusefs/storage/times.hpp"

#include <cerrno>
#include <fcntl.h>

namespace drainlab::storage {

bool filesystem::being_evicted(const node& f) const {
    const auto at = sb_->s_inodes.find(f.ino);
    return at != sb_->s_inodes.end() && kernel::inode_is_freeing(*at->second);
}

struct filesystem::opened_file {
    data_fd data;
    struct stat st {};
    std::string path;
    std::optional<off_t> largest;
};

/// Where nobody had the file open, the store may have been changed from outside meanwhile (close-to-open consistency).
void filesystem::attach(node& f, opened_file& got) {
    if (got.largest) cache_->largest_file = *got.largest;
    largest_known_ |= got.largest.has_value();
    if (!f.data) {
        const auto inode = kernel::iget_locked(*sb_, f.ino);
        DRAINLAB_CHECK(!inode->fs_private);
        f.data = std::make_shared<file_data>(f);
        f.data->inode = inode;
        f.data->size = got.st.st_size;
        f.data->known_mtime = got.st.st_mtim;
        f.data->seen_at = f.changes;
        inode->fs_private = f.data;
        ref(f);
    }
    file_data& d = *f.data;
    d.path = std::move(got.path);
    if (got.data.fd && !d.has_fd(got.data.flags)) d.set_fd(std::move(got.data));
    if (d.opens > 0) return;
    kernel::inode_add_dentry(*d.inode.lock());
    page_cache::not_waiting(d);
    if (facts_.is_private || d.unwritten_pages() || d.times_pending) return;
    if (d.size != got.st.st_size || !equal(d.known_mtime, got.st.st_mtim)) cache_->invalidate(d, 0, 0);
    d.size = got.st.st_size;
    d.known_mtime = got.st.st_mtim;
    d.seen_at = f.changes;
}

/// What the first open of a file asks the store for. By whoever has it.
struct filesystem::opening {
    node& f;
    int flags;
    created_file have;  ///< already
    bool later;         ///< the descriptor, by whoever needs one
    bool fresh;         ///< made just now: its attributes are in `have`
    bool probe, named;  ///< asked for as well: the largest file; the path
    const store_io& io;

    int operator()(directory_store& s, opened_file& out) const {
        out.data = have.data;
        if (!out.data.fd && !later)
            if (const int err = s.open_data(f, flags, out.data)) return err;
        const auto& fd = out.data.fd;
        if (probe && fd) out.largest = io.largest_file(fd->get());
        if (named) out.path = path_in_mount(f);
        out.st = have.st;
        if (fresh) return 0;
        return fd ? -io.fstat(fd->get(), out.st) : s.getattr(f, out.st);
    }
};

filesystem::opening filesystem::opening_of(node& f, int flags, const created_file* created) const {
    opening o{f,
              flags,
              created ? *created : created_file{},
              opens_later(flags, created),
              created && f.changes == 0,
              !largest_known_,
              !calls_->at_once(),
              io_};
    if (!o.have.data.fd && f.data && f.data->has_fd(flags)) o.have.data = {f.data->fd, flags};
    return o;
}

bool filesystem::opens_later(int flags, const created_file* created) const noexcept {
    return calls_->at_once() && !created && (flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY;
}

/// Somebody has it open, with all that this one needs.
bool filesystem::is_open_for(const node& f, int flags, const created_file* created) const {
    return f.data && f.data->opens > 0 && (opens_later(flags, created) || f.data->has_fd(flags));
}

std::optional<int> filesystem::open_now(node& f, int flags, const created_file* created) {
    if (!calls_->at_once() || being_evicted(f)) return std::nullopt;
    if (!is_open_for(f, flags, created)) {
        opened_file got;
        const opening o = opening_of(f, flags, created);
        if (const int err = calls_->now([&](directory_store& s) { return o(s, got); })) {
            drop_if_unused(f);
            return err;
        }
        attach(f, got);
    }
    ++f.data->opens;
    return 0;
}

sched::task<int> filesystem::open(node& f, int flags, const created_file* created) {
    using namespace std::chrono_literals;
    for (;;) {
        while (being_evicted(f)) {
            sched::mark<"open: the inode is being evicted">();
            co_await sched_.sleep_for(50us, "eviction of the inode");
        }
        if (is_open_for(f, flags, created)) break;
        const std::uint64_t before = f.changes;
        auto open_call = calls_->names<opened_file>("open", opening_of(f, flags, created));
        auto got = co_await open_call;
        if (got.err) {
            drop_if_unused(f);
            co_return got.err;
        }
        if (being_evicted(f)) continue;
        if (f.changes != before && !(f.data && f.data->opens > 0)) {
            sched::mark<"open: what the store said is old">();
            continue;
        }
        attach(f, got.out);
        break;
    }
    ++f.data->opens;
    co_return 0;
}

sched::task<> filesystem::close(node& f) {
    const auto d = f.data;
    if (!d) co_return;  // evicted: the superblock died before the RELEASE came
    DRAINLAB_CHECK(d->opens > 0);
    if (--d->opens > 0) co_return;
    if (d->atime_due) co_await cache_->settle_atime(*d);
    if (!facts_.is_private && d->fd && (d->changed || d->seen_at != f.changes) && d->opens == 0) {
        const std::uint64_t before = f.changes;
        auto fstat_call = calls_->data<struct stat>(
            "fstat", [fd = d->fd, io = &io_](struct stat& st) { return -io->fstat(fd->get(), st); }, d->path.c_str());
        const auto got = co_await fstat_call;
        if (!got.err && d->opens == 0) {
            d->known_mtime = got.out.st_mtim;
            d->seen_at = before;
            d->changed = false;
        }
    }
    if (d->opens > 0 || f.data != d) co_return;
    cache_->closed(*d);
    drop_if_unused(f);
}

bool filesystem::close_now(node& f) {
    const auto d = f.data;
    if (!d) return true;  // as in close()
    DRAINLAB_CHECK(d->opens > 0);
    if (!calls_->at_once() || (d->opens == 1 && d->atime_due)) return false;
    if (--d->opens > 0) return true;
    if (!facts_.is_private && d->fd && (d->changed || d->seen_at != f.changes)) {
        struct stat st {};
        if (io_.fstat(d->fd->get(), st) == 0) {
            d->known_mtime = st.st_mtim;
            d->seen_at = f.changes;
            d->changed = false;
        }
    }
    cache_->closed(*d);
    drop_if_unused(f);
    return true;
}

void filesystem::forget(node& f, std::uint64_t n) {
    const auto d = f.data;
    if (d && !calls_->at_once()) return sched_.start("forget", forget_later(f, n, d));
    calls_->post("forget", [&f, n](directory_store& s) { s.nodes().forget(f, n); });
    if (d) drop_if_still(d);
}

/// `d` may be all that is left of its file.
void filesystem::drop_if_still(const std::shared_ptr<file_data>& d) {
    const auto inode = d->inode.lock();
    if (inode && inode->fs_private == d) drop_if_unused(*d->owner);  // its data keep the node
}

sched::task<> filesystem::forget_later(node& f, std::uint64_t n, std::shared_ptr<file_data> d) {
    auto forget_call =
        calls_->names("forget", [&f, n](directory_store& s, nothing&) { return s.nodes().forget(f, n), 0; });
    co_await forget_call;
    drop_if_still(d);
}

/// The kernel's dcache has let go of it. Evicted now, or, if dirty, by whoever writes it.
sched::task<> filesystem::drop_dentry(std::shared_ptr<kernel::inode> i, std::shared_ptr<file_data> d) {
    const auto in_use = [&] {
        return i->fs_private != d || d->opens > 0 || d->owner->lookups > 0 || kernel::inode_is_freeing(*i);
    };
    if (in_use()) co_return;
    // Without a name there is nothing to write for.
    const bool known = calls_->at_once() && !d->holds_bytes && !d->owner->parent && d->owner->only_name;
    if (known) kernel::set_nlink(*i, 0);
    if (i->i_state & kernel::I_DIRTY_ALL && !known) {
        node& f = *d->owner;
        auto getattr_call = calls_->names<struct stat>(
            "getattr", [&f](directory_store& s, struct stat& st) { return f.parent ? ENOENT : s.getattr(f, st); });
        const auto got = co_await getattr_call;
        if (in_use()) co_return;
        if (!got.err) kernel::set_nlink(*i, got.out.st_nlink);
    }
    co_await kernel::inode_drop_dentry(*i);
}

void filesystem::drop_if_unused(node& f) {
    if (!f.data || f.data->opens > 0 || f.lookups > 0 || f.is_root()) return;
    const auto inode = f.data->inode.lock();
    if (!inode) return;
    if (calls_->at_once())
        sched_.start("iput", drop_dentry(inode, f.data));  // as a rule it waits for nothing
    else
        sched_.spawn("iput", drop_dentry(inode, f.data));
}

}  // namespace drainlab::storage
