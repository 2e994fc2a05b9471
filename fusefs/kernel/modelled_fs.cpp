#include "fusefs/kernel/modelled_fs.hpp"

namespace drainlab::kernel {

task<int> modelled_fs::writepages(inode& i, writeback_control& wbc) {
    std::vector<pgoff_t> request;
    int error = 0;
    auto next = wbc.first;
    for (;;) {
        request.clear();
        const auto& dirty = i.i_mapping.dirty;
        for (auto at = dirty.lower_bound(next); at != dirty.end() && *at <= wbc.last; ++at) {
            request.push_back(*at);
            if (request.size() == folios_a_request_) break;
        }
        if (request.empty()) co_return error;
        next = request.back() + 1;
        for (const auto index : request) {
            folio_clear_dirty_for_io(i, index);
            wbc_account_cgroup_owner(wbc, i.i_mapping.i_pages.at(index), page_size);
            folio_start_writeback(i, index);
        }
        int failed = 0;
        if (device_) failed = co_await device_->write(request.size() * page_size);
        if (error == 0) error = failed;
        for (const auto index : request) {
            folio_end_writeback(i, index, failed);
            if (then == written::drop) folio_remove(i, index);
        }
    }
}

}  // namespace drainlab::kernel
