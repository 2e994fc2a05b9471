// The page cache of one mount, on the model kernel's address_space: who brings a page in, pays for it.
#pragma once
#include "fusefs/kernel/writeback.hpp"
#include "fusefs/storage/directory_store.hpp"
#include "fusefs/storage/emulated_device.hpp"
#include "fusefs/storage/file_data.hpp"
#include "fusefs/storage/io_pool.hpp"

#include <sys/uio.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::storage {

/// drop: a page goes once the store has it, so that the next writer is charged anew. keep: it stays, and stays charged to
/// whom it was first charged.
enum class cache_mode : std::uint8_t { drop, keep };

struct cache_limits {
    std::uint64_t dirty_bytes{
        64u << 20};  ///< dirty or being written; from half of it on the flusher is sent, above it writers wait
    std::uint64_t cache_bytes{256u << 20};  ///< all pages; above it clean ones go, oldest first
};

/// Functions that return int return 0 or an errno. Thread: loop.
class page_cache {
  public:
    page_cache(sched::scheduler& sched, directory_store& store, io_pool& pool);

    cache_mode mode{cache_mode::drop};
    cache_limits limits{};
    emulated_device device;

    /// The bytes [off, off + size) as far as they exist, in `out`; valid until the next await or return to the loop. False: cannot be had
    /// without waiting; ask read().
    bool try_read(file_data& f, off_t off, std::size_t size, const kernel::memcg_ptr& m, std::vector<iovec>& out);
    sched::task<int> read(file_data& f, off_t off, std::size_t size, kernel::memcg_ptr m, std::vector<iovec>& out);
    enum class outcome : std::uint8_t { no, done, to_mark };
    /// At once. no: nothing was done, as that would have to wait; ask write(). to_mark: the caller must still await
    /// kernel::mark_inode_dirty(I_DIRTY_ALL) before it answers. @param result  bytes written, or a negative errno.
    outcome try_write(file_data& f, const char* data, std::size_t size, off_t off, const kernel::memcg_ptr& m,
                      long& result);
    /// Whether what is written now reaches the store at once, so that writeback has nothing to fail at.
    bool writes_through() const noexcept {
        return reads_through() && device.limits().unlimited() && !device.errors.concerns(device_op::write);
    }
    /// @param written  how much was, also on error.
    sched::task<int> write(file_data& f, std::string data, off_t off, kernel::memcg_ptr m, std::size_t& written);
    /// ftruncate(): the store's file is as long on return.
    sched::task<int> truncate(file_data& f, off_t size);
    /// One round of writeback over [off, off + size) and the wait for it; size 0: to the end. Then the store has the bytes.
    sched::task<int> write_and_wait(file_data& f, off_t off, off_t size, kernel::memcg_ptr m);
    /// Forgets clean pages of [off, off + size); dirty ones must have been written.
    void invalidate(file_data& f, off_t off, off_t size);
    /// fsync(2) or fdatasync(2) of the store's file.
    sched::task<int> sync_store(file_data& f, bool data_only);

    /// address_space_operations::writepages
    sched::task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc);
    /// The inode is being evicted: its pages are gone.
    void forget(file_data& f);

    /// See filesystem::fault().
    int fault(device_op op, const node& f, const char* name = nullptr);
    /// Nobody has the file open any more: its descriptor is closed, unless write-back still needs it. Where too many do, the flusher is sent.
    void closed(file_data& f);
    /// The file is open again, or its descriptor gone.
    void not_waiting(file_data& f) noexcept { closed_waiting_ -= std::exchange(f.waits_closed, false); }
    /// Makes sure that f.fd is open. @return errno.
    int need_fd(file_data& f, int flags);
    /// Runs `job` where it may block: inline if the store is in memory, else on the pool. The job returns -errno or a count.
    sched::task<long> blocking(std::function<long()> job, std::string_view what);

    std::uint64_t dirty_bytes() const noexcept { return dirty_pages_ * kernel::page_size; }
    std::uint64_t cached_bytes() const noexcept { return cached_pages_ * kernel::page_size; }
    io_pool::lane& lane() noexcept { return lane_; }
    directory_store& store() noexcept { return store_; }

  private:
    struct run;
    struct fill_buffers;

    /// A store in memory holds the bytes itself: reads only note who pays, writes also that writeback is due.
    bool reads_through() const noexcept { return store_.root().in_memory; }
    bool needs_fill(const file_data& f, kernel::pgoff_t index, std::size_t in, std::size_t n) const;
    bool fill_now(file_data& f, kernel::pgoff_t first, std::size_t count, const kernel::memcg_ptr& m, int& err);
    sched::task<int> fill(file_data& f, kernel::pgoff_t first, std::size_t count, kernel::memcg_ptr m);
    void take_in(file_data& f, fill_buffers& got, const kernel::memcg_ptr& m);
    void charge_clean(file_data& f, kernel::pgoff_t first, kernel::pgoff_t stop, const kernel::memcg_ptr& m);
    int gather(file_data& f, off_t off, std::size_t size, std::vector<iovec>& out);
    int gather_through(file_data& f, off_t off, off_t end, std::vector<iovec>& out);
    long write_through(file_data& f, const char* data, std::size_t size, off_t off, const kernel::memcg_ptr& m);
    void put(file_data& f, kernel::pgoff_t index, std::size_t in, const char* data, std::size_t n,
             const kernel::memcg_ptr& m);
    long write_now(file_data& f, kernel::inode& i, kernel::pgoff_t first, std::size_t size);
    sched::task<int> write_run(file_data& f, kernel::inode& i, kernel::pgoff_t first, std::size_t count);
    void end_run(file_data& f, kernel::inode& i, kernel::pgoff_t first, std::size_t count, int error);
    sched::task<int> write_around(file_data& f, const char* data, std::size_t n, off_t off);
    void send_flusher(file_data& f);
    sched::task<> balance_dirty_pages(file_data& f);
    void recount(file_data& f);
    void remember_clean(file_data& f, kernel::pgoff_t index);
    void reclaim();
    void set_times(file_data& f);

    sched::scheduler& sched_;
    directory_store& store_;
    io_pool::lane lane_;
    std::uint64_t dirty_pages_{}, cached_pages_{};
    std::size_t closed_waiting_{};
    std::deque<std::pair<std::weak_ptr<kernel::inode>, kernel::pgoff_t>>
        clean_;                       ///< oldest first; may name pages long gone
    std::vector<std::byte> scratch_;  ///< what gather_through() reads into
    bool background_running_{};
};

}  // namespace drainlab::storage
