// Descriptors of the store: which table they live in, who closes them, how many there may be.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace drainlab::storage {

/// The descriptor table of threads that share none with the rest of the process. What was opened there is closed there.
class fd_table {
  public:
    virtual ~fd_table() = default;
    /// From any thread; does not wait.
    virtual void close_there(int fd) noexcept = 0;
};

/// How many descriptors one table may hold for stores; what is left over is for everybody else (control, gate,
/// unmounts). Thread: take() and the caches belong to the thread that opens (one per table), give() is anybody's.
class descriptor_budget {
  public:
    /// Somebody who keeps descriptors only to save work.
    struct cache {
        virtual std::size_t kept() const noexcept = 0;
        /// Closes all but `keep`, and gives them back.
        virtual void shrink(std::size_t keep) = 0;

      protected:
        ~cache() = default;
    };

    explicit descriptor_budget(std::size_t most) : left_{static_cast<long>(most)} {}
    /// For a table that has RLIMIT_NOFILE to itself, but for `others`: with a reserve of a quarter, at most 256.
    static std::size_t of_limit(std::size_t others) noexcept;

    /// One more descriptor. Where there are too many, whichever cache keeps
    /// most gives half of its own back. False: there is none to give.
    bool take();
    void give(long n = 1) noexcept { left_.fetch_add(n, std::memory_order_relaxed); }
    /// Without asking: for what a mount needs in any case.
    void reserve(long n) noexcept { left_.fetch_sub(n, std::memory_order_relaxed); }
    /// Caches take turns in giving; `but` gives last: it may just be using what it has.
    bool make_room(const cache* but = nullptr);

    void add(cache& c) { caches_.push_back(&c); }
    void remove(const cache& c) noexcept;
    long left() const noexcept { return left_.load(std::memory_order_relaxed); }

  private:
    std::atomic<long> left_;
    std::vector<cache*> caches_;
};

/// A descriptor of the store that several may use, on whichever
/// thread: the last one to let go has it closed in its own table.
using shared_fd = std::shared_ptr<const unique_fd>;

/// A regular file's descriptor for its data, and the access mode that it was opened with.
struct data_fd {
    shared_fd fd;
    int flags{};
};

/// `fd` was opened in `table`; null: in the table of the process. `budget`, if given, gets one back when it is closed.
shared_fd share(unique_fd fd, std::weak_ptr<fd_table> table, bool own_table, std::shared_ptr<descriptor_budget> budget);

}  // namespace drainlab::storage
