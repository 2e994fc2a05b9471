#include "fusefs/storage/filesystem.hpp"

#include "fusefs/kernel/host.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::storage {

std::unique_ptr<filesystem> filesystem::create(const filesystem_options& options, sched::scheduler& sched,
                                               io_pool& pool, int& err, std::string& error) {
    root_directory root;
    err = options.store ? open_root(*options.store, root, error) : open_private_root(root, error);
    if (err) return nullptr;
    auto store = directory_store::open(std::move(root), options.descriptors, err);
    if (!store) {
        error = "store " + options.store.value_or("(private)").string() + ": " + std::strerror(err);
        return nullptr;
    }
    return std::unique_ptr<filesystem>{new filesystem{sched, std::move(store), pool, options}};
}

filesystem::filesystem(sched::scheduler& sched, std::unique_ptr<directory_store> store, io_pool& pool,
                       const filesystem_options& options)
    : sched_{sched}, store_{std::move(store)}, cache_{std::make_unique<page_cache>(sched, *store_, pool)} {
    cache_->mode = options.mode;
    cache_->limits = options.limits;
    cache_->device.set_limits(options.device);
}

filesystem::~filesystem() = default;

// ---- attributes ----------------------------------------------------------------------------------------------------

void filesystem::overlay(const node& f, struct stat& st) const {
    if (!f.data) return;
    const file_data& d = *f.data;
    st.st_size = d.size;
    const auto page_blocks = static_cast<blkcnt_t>(kernel::page_size / 512);
    const auto whole = static_cast<blkcnt_t>((d.size + static_cast<off_t>(kernel::page_size) - 1) /
                                             static_cast<off_t>(kernel::page_size)) *
                       page_blocks;
    if (d.counted_dirty && d.holds_bytes)  // the store has not allocated these yet
        st.st_blocks = std::max(st.st_blocks,
                                std::min(whole, st.st_blocks + static_cast<blkcnt_t>(d.counted_dirty) * page_blocks));
    if (!d.times_pending) return;
    d.times_told = true;
    st.st_mtim = d.mtime;
    const auto later = [](const timespec& a, const timespec& b) {
        return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
    };
    if (later(d.ctime, st.st_ctim)) st.st_ctim = d.ctime;
}

int filesystem::getattr(node& f, struct stat& st) {
    if (const int err = store_->getattr(f, st)) return err;
    overlay(f, st);
    return 0;
}

int filesystem::utimens(node& f, const timespec times[2]) {
    if (const int err = store_->utimens(f, times)) return err;
    if (!f.data || !f.data->times_pending || times[1].tv_nsec == UTIME_OMIT) return 0;
    struct stat st {};
    if (const int err = store_->getattr(f, st)) return err;
    f.data->mtime = st.st_mtim;  // and again after the pages have been written
    f.data->ctime = st.st_ctim;
    return 0;
}

sched::task<int> filesystem::truncate(node& f, off_t size) {
    if (f.data && !being_evicted(f)) {
        const auto keep = f.data;
        co_return co_await cache_->truncate(*keep, size);
    }
    unique_fd fd;
    if (const int err = store_->open_data(f, O_WRONLY, fd)) co_return err;
    const auto shared = std::make_shared<unique_fd>(std::move(fd));
    std::function<long()> job = [shared, size]() -> long { return ::ftruncate(shared->get(), size) == 0 ? 0 : -errno; };
    co_return static_cast<int>(-(co_await cache_->blocking(std::move(job), "store truncate")));
}

// ---- open and close ------------------------------------------------------------------------------------------------

bool filesystem::being_evicted(const node& f) const {
    const auto at = sb_->s_inodes.find(f.ino);
    return at != sb_->s_inodes.end() && (at->second->i_state & (kernel::I_FREEING | kernel::I_WILL_FREE));
}

void filesystem::attach_data(node& f, const struct stat& st) {
    const auto inode = kernel::iget_locked(*sb_, f.ino);
    DRAINLAB_CHECK(!inode->fs_private);
    f.data = std::make_shared<file_data>(f);
    f.data->inode = inode;
    f.data->size = st.st_size;
    f.data->known_mtime = st.st_mtim;
    inode->fs_private = f.data;
    store_->nodes().ref(f);
}

/// Nobody had the file open: the store may have been changed from outside meanwhile (close-to-open consistency).
int filesystem::first_open(node& f, const unique_fd& fd) {
    struct stat st {};
    if (const int err = fd ? (::fstat(fd.get(), &st) == 0 ? 0 : errno) : store_->getattr(f, st)) return err;
    if (!f.data) {
        attach_data(f, st);
        return 0;
    }
    file_data& d = *f.data;
    const auto inode = d.inode.lock();
    inode->in_dcache = true;
    cache_->not_waiting(d);
    if (store_->root().is_private || d.counted_dirty || d.times_pending) return 0;
    const bool same = d.size == st.st_size && d.known_mtime.tv_sec == st.st_mtim.tv_sec &&
                      d.known_mtime.tv_nsec == st.st_mtim.tv_nsec;
    if (!same) cache_->invalidate(d, 0, 0);
    d.size = st.st_size;
    d.known_mtime = st.st_mtim;
    return 0;
}

bool filesystem::try_open(node& f, int flags, unique_fd& fd, int& err) {
    err = 0;
    if (being_evicted(f)) return false;
    if (!f.data || f.data->opens == 0) err = first_open(f, fd);
    if (err) return true;
    file_data& d = *f.data;
    if (fd && !d.fd) {
        d.fd = std::make_shared<unique_fd>(std::move(fd));
        d.readable = d.writable = true;
    }
    err = cache_->need_fd(d, flags);
    if (err)
        drop_if_unused(f);
    else
        ++d.opens;
    return true;
}

sched::task<int> filesystem::open(node& f, int flags, unique_fd fd) {
    using namespace std::chrono_literals;
    int err = 0;
    while (!try_open(f, flags, fd, err)) co_await sched_.sleep_for(50us, "eviction of the inode");
    co_return err;
}

void filesystem::close(node& f) {
    if (!f.data) return;  // evicted: the superblock died before the RELEASE came
    DRAINLAB_CHECK(f.data->opens > 0);
    if (--f.data->opens > 0) return;
    file_data& d = *f.data;
    struct stat st {};
    if (!store_->root().is_private && d.fd && ::fstat(d.fd->get(), &st) == 0) d.known_mtime = st.st_mtim;
    cache_->closed(d);
    drop_if_unused(f);
}

void filesystem::forget(node& f, std::uint64_t n) {
    store_->nodes().ref(f);
    store_->nodes().forget(f, n);
    drop_if_unused(f);
    store_->nodes().unref(f);
}

namespace {

/// The kernel's dcache has let go of it. Evicted now, or, if dirty, by whoever writes it.
sched::task<> drop_dentry(std::shared_ptr<kernel::inode> i, std::shared_ptr<file_data> d) {
    const bool used_again = d->opens > 0 || d->owner->lookups > 0;
    if (used_again || (i->i_state & (kernel::I_FREEING | kernel::I_CLEAR))) co_return;
    co_await kernel::inode_drop_dentry(*i);
}

}  // namespace

void filesystem::drop_if_unused(node& f) {
    if (!f.data || f.data->opens > 0 || f.lookups > 0 || f.is_root()) return;
    const auto inode = f.data->inode.lock();
    if (!inode) return;
    struct stat st {};
    const bool matters = inode->i_state & kernel::I_DIRTY_ALL;
    if (!f.parent && matters && store_->getattr(f, st) == 0) inode->unlinked = st.st_nlink == 0;
    sched_.spawn("iput", drop_dentry(inode, f.data));
}

// ---- what the model's kernel calls ---------------------------------------------------------------------------------

sched::task<int> filesystem::writepages(kernel::inode& i, kernel::writeback_control& wbc) {
    return cache_->writepages(i, wbc);
}

void filesystem::evict_inode(kernel::inode& i) {
    const auto d = std::static_pointer_cast<file_data>(std::exchange(i.fs_private, nullptr));
    if (!d) return;
    cache_->forget(*d);
    node& f = *d->owner;
    f.data.reset();
    store_->nodes().unref(f);
}

sched::task<int> filesystem::sync_fs(kernel::super_block&, bool wait) {
    const bool on_disk = !store_->root().in_memory;
    if (on_disk) cache_->lane().begin_drain();
    if (!wait) co_return 0;
    long rc = 0;
    if (on_disk) {
        std::function<long()> job = [this]() -> long { return -store_->sync_all(); };
        rc = co_await cache_->lane().run(std::move(job), "store syncfs");
    }
    co_await cache_->device.flush();
    if (const int err = fault(device_op::fsync, store_->nodes().root()); err && rc == 0) rc = -err;
    co_return static_cast<int>(rc);
}

void filesystem::put_super(kernel::super_block&) { cache_->lane().end_drain(); }

}  // namespace drainlab::storage
