// A store whose every call may go wrong, be late, or be the last one. Its files are those of a private tmpfs: names are
// the real thing, and
// what was "on disk" can be looked at afterwards.
#pragma once
#include "fusefs/sched/random.hpp"
#include "fusefs/storage/store_calls.hpp"
#include "fusefs/storage/store_io.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>

namespace drainlab::tests {

/// What may happen to a call: once in so many, 0: never.
struct fault_plan {
    std::uint64_t cut{};          ///< reads and writes that do a part only
    std::uint64_t interrupted{};  ///< reads and writes: EINTR, nothing done
    std::uint64_t io_error{};     ///< EIO, nothing done
    std::uint64_t no_space{};     ///< ENOSPC, nothing done
    std::uint64_t late{};         ///< comes back later than it was done
    std::uint64_t capacity{};     ///< pages; 0: no limit
    std::uint64_t neighbour{};    ///< a write by somebody else that takes half of the room, before one of ours
    std::uint64_t last_call{};    ///< the store's end comes with this call, half done; 0: never
    bool lies_at_write{}, lies_at_fsync{};  ///< says yes and does nothing: what the harness has to find
};

class faulty_io final : public storage::store_io {
  public:
    faulty_io(const fault_plan& plan, std::uint64_t seed, const sched::scheduler& sched)
        : plan{plan}, random_{seed ^ 0x5704e}, sched_{sched} {}

    ssize_t preadv(int fd, const iovec* iov, int count, off_t off) const override;
    ssize_t pwritev(int fd, const iovec* iov, int count, off_t off) const override;
    int ftruncate(int fd, off_t size) const override;
    int fallocate(int fd, int mode, off_t off, off_t length) const override;
    int fsync(int fd, bool data_only) const override;
    int futimens(int fd, const timespec times[2]) const override;
    int fstat(int fd, struct stat& st) const override;
    int fstatvfs(int fd, struct statvfs& st) const override;
    int syncfs(int) const override { return -fails(false); }
    timespec now() const noexcept override;
    off_t lseek(int fd, off_t off, int whence) const override;
    ssize_t copy(int from, off_t from_off, int to, off_t to_off, std::size_t length) const override;

    /// One more call arrives: 0, or the errno it fails with.
    int fails(bool takes_room = true) const;
    /// Nothing reaches the store any more.
    bool ended() const noexcept { return ended_; }
    bool once_in(std::uint64_t n) const noexcept { return n > 0 && random_.below(n) == 0; }
    sched::random& generator() const noexcept { return random_; }
    /// What an fsync has promised of this file.
    const std::string& synced(ino_t ino) const { return synced_[ino]; }
    /// No fault from here on.
    void heal() const noexcept { plan = {}; }

    mutable fault_plan plan;
    /// Hears of each change of the store.
    std::function<void(const std::string&)> log;

  private:
    ssize_t done(const char* call, int fd, off_t off, std::size_t length, ssize_t result) const;
    static struct stat stat_of(int fd);
    bool room_for(int fd, std::uint64_t page) const;
    void stamp(int fd) const;

    mutable sched::random random_;
    const sched::scheduler& sched_;
    mutable std::uint64_t calls_{}, others_pages_{};
    mutable bool ended_{};
    mutable std::map<ino_t, std::set<std::uint64_t>> pages_;  ///< allocated
    mutable std::map<ino_t, std::string> synced_;
};

/// The store's threads, as fibers: names in order, data in any order, each as late as it likes.
class faulty_threads final : public storage::store_executor {
  public:
    faulty_threads(sched::scheduler& sched, const faulty_io& io) : sched_{sched}, io_{io} {}
    void submit(queue q, std::shared_ptr<storage::store_job> job) override;
    /// The store answers nothing any more, until thaw().
    void freeze() noexcept { frozen_ = true; }
    void thaw();

  private:
    sched::task<> names();
    sched::task<> data(std::shared_ptr<storage::store_job> job);
    sched::task<> run(std::shared_ptr<storage::store_job> job);

    sched::scheduler& sched_;
    const faulty_io& io_;
    std::deque<std::shared_ptr<storage::store_job>> names_;
    bool names_busy_{}, frozen_{};
};

}  // namespace drainlab::tests
