#include "fusefs/os/io_ring.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::os {

namespace {
unsigned load(const unsigned* at) {
    return std::atomic_ref{*const_cast<unsigned*>(at)}.load(std::memory_order_acquire);
}
void store(unsigned* at, unsigned value) { std::atomic_ref{*at}.store(value, std::memory_order_release); }
}  // namespace

std::unique_ptr<io_ring> io_ring::make(unsigned entries, std::string& why) {
    io_uring_params p{};
    p.flags = IORING_SETUP_CQSIZE;
    p.cq_entries = 64 * entries;
    std::unique_ptr<io_ring> r{new io_ring};
    r->ring_.reset(static_cast<int>(::syscall(SYS_io_uring_setup, entries, &p)));
    if (!r->ring_ || !(p.features & IORING_FEAT_SINGLE_MMAP) || !r->map(p)) {
        why = std::string{"io_uring cannot be had ("} + std::strerror(r->ring_ ? ENOSYS : errno) + ")";
        return nullptr;
    }
    ::fcntl(r->ring_.get(), F_SETFD, FD_CLOEXEC);
    return r;
}

bool io_ring::map(const io_uring_params& p) {
    constexpr int how = PROT_READ | PROT_WRITE, shared = MAP_SHARED | MAP_POPULATE;
    rings_size_ = std::max<std::size_t>(p.sq_off.array + p.sq_entries * sizeof(unsigned),
                                        p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe));
    calls_size_ = p.sq_entries * sizeof(io_uring_sqe);
    rings_ = ::mmap(nullptr, rings_size_, how, shared, ring_.get(), IORING_OFF_SQ_RING);
    void* const calls = ::mmap(nullptr, calls_size_, how, shared, ring_.get(), IORING_OFF_SQES);
    calls_ = calls == MAP_FAILED ? nullptr : static_cast<io_uring_sqe*>(calls);
    if (rings_ == MAP_FAILED) rings_ = nullptr;
    if (!rings_ || !calls_) return false;
    auto* const base = static_cast<char*>(rings_);
    const auto at = [base](unsigned offset) { return reinterpret_cast<unsigned*>(base + offset); };
    entries_ = p.sq_entries;
    head_ = at(p.sq_off.head), tail_ = at(p.sq_off.tail), mask_ = at(p.sq_off.ring_mask), indices_ = at(p.sq_off.array);
    done_head_ = at(p.cq_off.head), done_tail_ = at(p.cq_off.tail), done_mask_ = at(p.cq_off.ring_mask);
    done_ = reinterpret_cast<const io_uring_cqe*>(base + p.cq_off.cqes);
    return true;
}

io_ring::~io_ring() {
    if (rings_) ::munmap(rings_, rings_size_);
    if (calls_) ::munmap(calls_, calls_size_);
}

bool io_ring::submit(std::span<const io_uring_sqe> calls) {
    const unsigned tail = *tail_;
    if (entries_ - (tail - load(head_)) < calls.size()) return false;
    for (unsigned i = 0; i < calls.size(); ++i) {
        const unsigned slot = (tail + i) & *mask_;
        calls_[slot] = calls[i];
        indices_[slot] = slot;
    }
    store(tail_, tail + static_cast<unsigned>(calls.size()));
    long taken = 0;
    while ((taken = ::syscall(SYS_io_uring_enter, ring_.get(), calls.size(), 0, 0, nullptr, 0)) < 0 && errno == EINTR) {
    }
    if (taken == static_cast<long>(calls.size())) return true;
    if (taken <= 0) store(tail_, tail);
    return false;
}

void io_ring::take_ended(const std::function<void(std::uint64_t, std::int32_t)>& each) {
    for (unsigned head = *done_head_; head != load(done_tail_);) {
        const io_uring_cqe one = done_[head & *done_mask_];
        store(done_head_, ++head);
        each(one.user_data, one.res);
    }
}

bool frozen_tasks_work(std::string release) {
    utsname u{};
    if (release.empty() && ::uname(&u) == 0) release = u.release;
    int major = 0, minor = 0;
    return std::sscanf(release.c_str(), "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 11));
}

}  // namespace drainlab::os
