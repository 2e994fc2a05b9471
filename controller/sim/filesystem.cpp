#include "controller/sim/filesystem.hpp"

namespace drainlab::sim {

task<int> device::write(std::size_t bytes) {
    const instant now = sched_.now();
    nanoseconds transfer{0};
    if (bytes_per_s_ > 0) transfer = nanoseconds{static_cast<std::int64_t>(bytes * 1'000'000'000 / bytes_per_s_)};
    free_at_ = std::max(free_at_, now) + transfer;
    const instant done = free_at_ + latency_;
    if (done > now) co_await sched_.sleep_until(done, "the device");
    co_return 0;
}

task<int> filesystem::writepages(kernel::inode& i, kernel::writeback_control& wbc) {
    const auto& dirty = i.i_mapping.dirty;
    std::int64_t pages = 0;
    if (wbc.first != wbc.last)
        for (auto at = dirty.lower_bound(wbc.first); at != dirty.end() && *at <= wbc.last; ++at) ++pages;
    if (pages > 0) co_await cpus_.consume(page_ * pages);
    co_return co_await modelled_fs::writepages(i, wbc);
}

task<int> overlay::writepages(kernel::inode&, kernel::writeback_control&) { co_return 0; }

task<int> overlay::sync_fs(kernel::super_block&, bool wait) {
    if (volatile_ || !wait) co_return 0;
    const auto shared = co_await upper_->s_umount.down_read();
    co_return co_await kernel::sync_filesystem(*upper_);
}

task<int> filesystem::write_inode(kernel::inode&, kernel::writeback_control&) {
    return device_.write(kernel::page_size);
}

task<int> filesystem::sync_fs(kernel::super_block&, bool wait) {
    if (wait) co_return co_await device_.write(kernel::page_size);  // the journal's last commit
    co_return 0;
}

}  // namespace drainlab::sim
