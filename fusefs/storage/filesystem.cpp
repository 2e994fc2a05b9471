#include "fusefs/storage/filesystem.hpp"

#include "fusefs/kernel/host.hpp"

#include <sys/stat.h>

#include <unistd.h>

namespace drainlab::storage {

filesystem::filesystem(stores& all, std::shared_ptr<directory_store> store, std::shared_ptr<store_executor> executor,
                       const filesystem_options& options, const store_io& io)
    : sched_{all.sched},
      store_{std::move(store)},
      facts_{store_->is_private(), store_->in_memory(), store_->has_acls()},
      root_{&store_->nodes().root()},
      root_fd_{store_->root_fd()},
      read_only_{options.read_only},
      io_{io},
      calls_{std::make_unique<store_calls>(all.sched, store_, std::move(executor))} {
    struct stat st {};
    ::fstat(root_fd_->get(), &st);
    cache_ = std::make_unique<page_cache>(sched_, *calls_, all.space_of(st.st_dev), io);
    cache_->mode = options.mode;
    cache_->limits = options.limits;
    cache_->lose_unsynced = options.lose_unsynced;
    cache_->device.set_limits(options.device);
}

filesystem::~filesystem() {
    if (agent_) agent_->finish();
    if (sb_) sb_->counts = nullptr;
}

void filesystem::set_super(std::shared_ptr<kernel::super_block> sb) {
    sb_ = std::move(sb);
    sb_->counts = &cache_->counts();
}

std::vector<unwritten_file> filesystem::unwritten() const {
    auto all = cache_->lost();
    for (const auto& [ino, inode] : sb_->s_inodes) {
        const auto d = std::static_pointer_cast<file_data>(inode->fs_private);
        if (!d || !d->holds_bytes || !d->unwritten_pages() || inode->unlinked) continue;
        all.push_back({calls_->at_once() ? path_in_mount(*d->owner) : d->path, d->unwritten_pages() * page_size, 0});
    }
    return all;
}

sched::task<std::vector<unwritten_file>> filesystem::power_cut() {
    std::vector<std::shared_ptr<kernel::inode>> all;
    for (const auto& [ino, inode] : sb_->s_inodes) all.push_back(inode);
    std::vector<unwritten_file> lost;
    cache_->count_power_cut();
    for (const auto& inode : all) {
        const auto d = std::static_pointer_cast<file_data>(inode->fs_private);
        if (!d) continue;
        auto dropping = cache_->drop_unsynced(*d);
        const std::uint64_t bytes = co_await dropping;
        if (bytes == 0) continue;
        const bool here = calls_->at_once() && inode->fs_private == d;
        lost.push_back({here ? path_in_mount(*d->owner) : d->path, bytes, 0});
    }
    co_return lost;
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
    unref(f);
}

sched::task<int> filesystem::sync_fs(kernel::super_block&, bool wait) {
    if (!wait) co_return 0;
    int rc = 0;
    auto syncfs_call = calls_->data("syncfs", [fd = root_fd_, io = &io_](nothing&) { return -io->syncfs(fd->get()); });
    if (!calls_->at_once()) rc = (co_await syncfs_call).err;
    co_await cache_->device.flush();
    if (may_fault(device_op::fsync))
        if (const int err = co_await fault(device_op::fsync, *root_); err && rc == 0) rc = err;
    co_return -rc;
}

sched::task<bool> filesystem::close_store(sched::instant deadline) {
    root_fd_.reset();
    bool answered = co_await calls_->idle(deadline);
    if (answered) calls_->post("close", [](directory_store& s) { s.close_all(); });
    if (answered) answered = co_await calls_->idle(deadline);
    calls_->abandon();
    if (agent_) agent_->finish();
    claim_.reset();
    co_return answered;
}

}  // namespace drainlab::storage
