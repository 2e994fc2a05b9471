#include "tests/sim/storage/faulty_store.hpp"

#include "fusefs/kernel/types.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>

namespace drainlab::tests {

using kernel::page_size;
using storage::store_job;

namespace {

std::uint64_t page_of(off_t off) { return static_cast<std::uint64_t>(off) / page_size; }

std::string flat(const iovec* iov, int count) {
    std::string all;
    for (int k = 0; k < count; ++k) all.append(static_cast<const char*>(iov[k].iov_base), iov[k].iov_len);
    return all;
}

}  // namespace

struct stat faulty_io::stat_of(int fd) {
    struct stat st {};
    ::fstat(fd, &st);
    return st;
}

int faulty_io::fails(bool takes_room) const {
    if (ended_ || (plan.last_call && ++calls_ >= plan.last_call)) {
        ended_ = true;
        return EIO;
    }
    if (once_in(plan.io_error)) return EIO;
    return takes_room && once_in(plan.no_space) ? ENOSPC : 0;
}

/// The page is the file's, or becomes it.
bool faulty_io::room_for(int fd, std::uint64_t page) const {
    if (!plan.capacity) return true;
    auto& have = pages_[stat_of(fd).st_ino];
    if (have.contains(page)) return true;
    struct statvfs v {};
    if (fstatvfs(fd, v) != 0 || v.f_bavail == 0) return false;
    have.insert(page);
    return true;
}

/// What the store's own clock says, so that a seed gives the same times wherever it runs.
void faulty_io::stamp(int fd) const {
    const timespec times[2] = {{0, UTIME_OMIT}, now()};
    ::futimens(fd, times);
}

timespec faulty_io::now() const noexcept {
    constexpr std::int64_t second = 1'000'000'000, tick = 4'000'000;
    const std::int64_t ns = sched_.now().time_since_epoch().count() / tick * tick;
    return {1'700'000'000 + ns / second, ns % second};
}

ssize_t faulty_io::done(const char* call, int fd, off_t off, std::size_t length, ssize_t result) const {
    if (result >= 0) stamp(fd);
    if (log)
        log("    store: " + std::string{call} + " of " + std::to_string(stat_of(fd).st_ino) + " " +
            std::to_string(off) + "+" + std::to_string(length) + " = " + std::to_string(result));
    return result;
}

ssize_t faulty_io::preadv(int fd, const iovec* iov, int count, off_t off) const {
    if (const int err = fails(false)) return -err;
    if (once_in(plan.interrupted)) return -EINTR;
    if (!once_in(plan.cut)) return store_io::preadv(fd, iov, count, off);
    const iovec part{iov[0].iov_base, 1 + random_.below(iov[0].iov_len)};
    return store_io::preadv(fd, &part, 1, off);
}

ssize_t faulty_io::pwritev(int fd, const iovec* iov, int count, off_t off) const {
    const bool was_ended = ended_;
    if (const int err = fails(); err && (was_ended || !ended_)) return -err;  // the last one does a part of it
    if (!ended_ && once_in(plan.interrupted)) return -EINTR;
    std::string bytes = flat(iov, count);
    if (ended_ || once_in(plan.cut)) bytes.resize(1 + random_.below(bytes.size()));
    if (once_in(plan.neighbour)) {
        struct statvfs v {};
        if (fstatvfs(fd, v) == 0) others_pages_ += v.f_bavail / 2;
    }
    std::size_t fits = 0;
    while (fits < bytes.size() && room_for(fd, page_of(off + static_cast<off_t>(fits))))
        fits += page_size - (static_cast<std::size_t>(off) + fits) % page_size;
    if (fits < bytes.size()) bytes.resize(fits);
    if (bytes.empty()) return done("write", fd, off, static_cast<std::size_t>(iov->iov_len), -ENOSPC);
    if (plan.lies_at_write) return static_cast<ssize_t>(bytes.size());
    const iovec whole{bytes.data(), bytes.size()};
    const ssize_t n = done("write", fd, off, bytes.size(), store_io::pwritev(fd, &whole, 1, off));
    return ended_ ? -EIO : n;
}

int faulty_io::ftruncate(int fd, off_t size) const {
    if (const int err = fails()) return -err;
    auto& have = pages_[stat_of(fd).st_ino];
    have.erase(have.lower_bound(page_of(size + static_cast<off_t>(page_size) - 1)), have.end());
    return static_cast<int>(done("truncate", fd, size, 0, store_io::ftruncate(fd, size)));
}

int faulty_io::fallocate(int fd, int mode, off_t off, off_t length) const {
    if (const int err = fails()) return -err;
    const std::uint64_t first = page_of(off), last = page_of(off + length - 1);
    auto& have = pages_[stat_of(fd).st_ino];
    if (mode & FALLOC_FL_PUNCH_HOLE) {
        const std::uint64_t whole = page_of(off + static_cast<off_t>(page_size) - 1);
        for (std::uint64_t page = whole; page < page_of(off + length); ++page) have.erase(page);
    } else if (plan.capacity) {
        struct statvfs v {};
        std::uint64_t wanted = 0;
        for (std::uint64_t page = first; page <= last; ++page) wanted += !have.contains(page);
        if (fstatvfs(fd, v) != 0 || v.f_bavail < wanted) return -ENOSPC;
        for (std::uint64_t page = first; page <= last; ++page) have.insert(page);
    }
    return static_cast<int>(
        done("fallocate", fd, off, static_cast<std::size_t>(length), store_io::fallocate(fd, mode, off, length)));
}

int faulty_io::fsync(int fd, bool) const {
    if (const int err = fails()) return -err;
    if (plan.lies_at_fsync) return 0;
    const struct stat st = stat_of(fd);
    std::string& content = synced_[st.st_ino];
    content.resize(static_cast<std::size_t>(st.st_size));
    (void)!::pread(fd, content.data(), content.size(), 0);
    return 0;
}

int faulty_io::futimens(int fd, const timespec times[2]) const {
    if (const int err = fails(false)) return -err;
    return store_io::futimens(fd, times);
}

int faulty_io::fstat(int fd, struct stat& st) const {
    if (const int err = fails(false)) return -err;
    return store_io::fstat(fd, st);
}

/// What the tmpfs has allocated, of the room that we say there is.
int faulty_io::fstatvfs(int fd, struct statvfs& st) const {
    if (const int rc = store_io::fstatvfs(fd, st)) return rc;
    if (!plan.capacity) return 0;
    const std::uint64_t used = st.f_blocks - st.f_bfree + others_pages_;
    st.f_blocks = plan.capacity;
    st.f_bfree = st.f_bavail = plan.capacity > used ? plan.capacity - used : 0;
    return 0;
}

off_t faulty_io::lseek(int fd, off_t off, int whence) const {
    constexpr off_t largest = off_t{1} << 44;
    if (whence == SEEK_SET) return off <= largest ? off : -EINVAL;  // asked for by largest_file()
    if (const int err = fails(false)) return -err;
    return store_io::lseek(fd, off, whence);
}

ssize_t faulty_io::copy(int from, off_t from_off, int to, off_t to_off, std::size_t length) const {
    if (const int err = fails()) return -err;
    if (once_in(plan.cut)) length = 1 + random_.below(length);
    std::string bytes(length, '\0');
    const iovec whole{bytes.data(), bytes.size()};
    const ssize_t got = store_io::preadv(from, &whole, 1, from_off);
    std::size_t fits = 0;
    const auto want = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    while (fits < want && room_for(to, page_of(to_off + static_cast<off_t>(fits))))
        fits += page_size - (static_cast<std::size_t>(to_off) + fits) % page_size;
    const iovec part{bytes.data(), std::min(fits, want)};
    if (part.iov_len == 0) return want == 0 ? got : -ENOSPC;
    return done("copy", to, to_off, part.iov_len, store_io::pwritev(to, &part, 1, to_off));
}

// ---- the threads ----------------------------------------------------------------------------------------------------

namespace {

/// Calls that ask the store for something; the others are our own bookkeeping.
bool asks_the_store(std::string_view call) {
    constexpr std::array<std::string_view, 8> those{"lookup", "create", "open",   "getattr",
                                                    "statfs", "unlink", "rename", "truncate"};
    return std::find(those.begin(), those.end(), call) != those.end();
}

}  // namespace

void faulty_threads::submit(queue q, std::shared_ptr<store_job> job) {
    if (q == queue::data) {
        sched_.spawn("store-data", data(std::move(job)), sched::fiber_kind::service);
        return;
    }
    names_.push_back(std::move(job));
    if (!std::exchange(names_busy_, true)) sched_.spawn("store-names", names(), sched::fiber_kind::service);
}

void faulty_threads::thaw() {
    frozen_ = false;
    sched_.wake_all(this);
}

sched::task<> faulty_threads::names() {
    while (!names_.empty()) {
        auto job = std::move(names_.front());
        names_.pop_front();
        co_await run(std::move(job));
    }
    names_busy_ = false;
}

sched::task<> faulty_threads::data(std::shared_ptr<store_job> job) { co_await run(std::move(job)); }

sched::task<> faulty_threads::run(std::shared_ptr<store_job> job) {
    using std::chrono::microseconds;
    if (io_.once_in(2)) co_await sched_.sleep_for(microseconds{io_.generator().below(300)}, "way to the store");
    while (frozen_) co_await sched_.wait_on(this, "frozen store");
    const int err = asks_the_store(job->what) ? io_.fails() : io_.ended() ? EIO : 0;
    if (err)
        job->fail(err);
    else
        job->run();
    if (io_.once_in(io_.plan.late))
        co_await sched_.sleep_for(microseconds{io_.generator().below(2'000'000)}, "way back from the store");
    if (job->finished) job->finished();
}

}  // namespace drainlab::tests
