// What pages there are: descriptors of their files, changes, and what goes when there are too many.
#include "fusefs/storage/page_cache.hpp"

#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/fill_buffers.hpp"

#include <cerrno>
#include <fcntl.h>
#include <malloc.h>

namespace drainlab::storage {

/// Pages [first, stop) are not any more what the store was asked for: whoever reads them looks again.
void page_cache::changed(file_data& f, pgoff_t first, pgoff_t stop) {
    ++f.owner->changes;
    for (fill_buffers* const fill : f.fills)
        for (pgoff_t index = std::max(first, fill->first); index < std::min(stop, fill->first + fill->pages.size());
             ++index)
            fill->stale[index - fill->first] = true;
}

page_cache::page_cache(sched::scheduler& sched, store_calls& calls, std::shared_ptr<store_space> space,
                       const store_io& io)
    : device{sched}, sched_{sched}, calls_{calls}, space_{std::move(space)}, io_{io} {
    counts_.join(&space_->pages);
}

sched::task<int> page_cache::fault(device_op op, node& f, const char* entry) {
    if (!device.errors.concerns(op)) co_return 0;
    const std::string name{entry ? entry : ""};
    auto path_of_a_file_call = calls_.names<std::string>("path of a file", [&f, name](directory_store&, auto& out) {
        out = path_in_mount(f, name.empty() ? nullptr : name.c_str());
        return 0;
    });
    const auto path = co_await path_of_a_file_call;
    co_return path.err ? path.err : device.errors.strike(op, path.out);
}

namespace {

auto opening(node& f, int flags) {
    return [&f, flags](directory_store& s, data_fd& out) { return s.open_data(f, flags, out); };
}

}  // namespace

/// False: not without waiting.
bool page_cache::need_fd_now(file_data& f, int flags, int& err) {
    err = 0;
    if (f.has_fd(flags)) return true;
    if (!calls_.at_once()) return false;
    data_fd got;
    err = opening(*f.owner, flags)(calls_.store(), got);
    if (!err) f.set_fd(std::move(got));
    return true;
}

sched::task<int> page_cache::need_fd(file_data& f, int flags) {
    if (f.has_fd(flags)) co_return 0;
    auto open_call = calls_.names<data_fd>("open", opening(*f.owner, flags), f.path.c_str());
    auto got = co_await open_call;
    if (!got.err && !f.has_fd(flags)) f.set_fd(std::move(got.out));
    co_return got.err;
}

void page_cache::remember_clean(file_data& f, pgoff_t index) { clean_.emplace_back(f.inode, index); }

void page_cache::closed(file_data& f) {
    constexpr std::size_t most_waiting = 128;                                        // descriptors
    const bool too_many = lose_unsynced && closed_waiting_.count() >= most_waiting;  // no flusher would write them
    if (f.unwritten_pages() == 0 || !f.holds_bytes || too_many) {
        f.fd.reset();
        return;
    }
    f.waits_closed = closed_waiting_.take();
    if (closed_waiting_.count() > most_waiting) send_flusher(f);
}

void page_cache::forget(file_data& f) {
    not_waiting(f);
    f.holds_bytes.reset();
    tell_less_dirty();
    give_memory_back();
}

namespace {

sched::task<> trim_when_idle(sched::scheduler& sched, std::shared_ptr<bool> alive, bool& planned) {
    using namespace std::chrono_literals;
    co_await sched.sleep_for(1s, "memory to give back");
    if (*alive) planned = false;
    ::malloc_trim(0);
}

}  // namespace

/// The allocator keeps what pages took, for the next ones. Where most of them have gone, and stay away for a moment,
/// the system gets it.
void page_cache::give_memory_back() {
    constexpr std::uint64_t worth_it = (8u << 20) / page_size;
    if (counts_.most() < worth_it || counts_.pages() > counts_.most() / 4 || trim_planned_) return;
    counts_.forget_most();
    trim_planned_ = true;
    if (!scratch_.empty()) scratch_ = {};
    sched_.spawn("trim", trim_when_idle(sched_, alive_, trim_planned_), sched::fiber_kind::service);
}

void page_cache::reclaim() {
    const auto limit = limits.cache_bytes / page_size;
    // Entries of pages that went some other way are many under --page-cache drop: they cost memory, so they go too.
    while (!clean_.empty() && (counts_.pages() > limit || clean_.size() > 2 * limit)) {
        const auto [weak, index] = std::move(clean_.front());
        clean_.pop_front();
        const auto inode = weak.lock();
        if (!inode || counts_.pages() <= limit) continue;
        sched::mark<"cache: too many pages">();
        kernel::folio_remove(*inode, index);
    }
}

void page_cache::invalidate(file_data& f, off_t off, off_t size) {
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    const pgoff_t stop = size ? page_of(off + size - 1) + 1 : ~pgoff_t{0};
    for (auto at = pages.lower_bound(page_of(off)); at != pages.end() && at->first < stop;) {
        const pgoff_t index = at->first;
        ++at;
        kernel::folio_remove(*inode, index);
    }
    changed(f, page_of(off), stop);
    give_memory_back();
}

}  // namespace drainlab::storage
