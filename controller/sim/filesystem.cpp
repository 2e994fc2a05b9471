#include "controller/sim/filesystem.hpp"

namespace drainlab::sim {

task<> device::write(std::size_t bytes) {
    const instant now = sched_.now();
    nanoseconds transfer{0};
    if (bytes_per_s_ > 0) transfer = nanoseconds{static_cast<std::int64_t>(bytes * 1'000'000'000 / bytes_per_s_)};
    free_at_ = std::max(free_at_, now) + transfer;
    const instant done = free_at_ + latency_;
    if (done > now) co_await sched_.sleep_until(done, "the device");
}

task<int> filesystem::writepages(kernel::inode& i, kernel::writeback_control& wbc) {
    std::vector<kernel::pgoff_t> request;
    auto next = wbc.first;
    for (;;) {
        request.clear();
        const auto& dirty = i.i_mapping.dirty;
        for (auto at = dirty.lower_bound(next); at != dirty.end() && *at <= wbc.last; ++at) {
            request.push_back(*at);
            if (request.size() == pages_a_request) break;
        }
        if (request.empty()) co_return 0;
        next = request.back() + 1;
        for (const auto index : request) {
            kernel::folio_clear_dirty_for_io(i, index);
            kernel::wbc_account_cgroup_owner(wbc, i.i_mapping.i_pages.at(index), kernel::page_size);
            kernel::folio_start_writeback(i, index);
        }
        co_await device_.write(request.size() * kernel::page_size);
        for (const auto index : request) {
            kernel::folio_end_writeback(i, index);
            kernel::folio_remove(i, index);
        }
    }
}

task<int> filesystem::write_inode(kernel::inode&, kernel::writeback_control&) {
    co_await device_.write(kernel::page_size);
    co_return 0;
}

task<int> filesystem::sync_fs(kernel::super_block&, bool wait) {
    if (wait) co_await device_.write(kernel::page_size);  // the journal's last commit
    co_return 0;
}

}  // namespace drainlab::sim
