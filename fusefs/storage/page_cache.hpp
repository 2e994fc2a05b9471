// The page cache of one mount, on the model kernel's address_space: who brings a page in, pays for it.
#pragma once
#include "fusefs/kernel/writeback.hpp"
#include "fusefs/storage/directory_store.hpp"
#include "fusefs/storage/emulated_device.hpp"
#include "fusefs/storage/file_data.hpp"
#include "fusefs/storage/file_write.hpp"
#include "fusefs/storage/pages.hpp"
#include "fusefs/storage/store_calls.hpp"
#include "fusefs/storage/store_io.hpp"
#include "fusefs/storage/stores.hpp"
#include "fusefs/storage/unsynced.hpp"

#include <sys/uio.h>

#include <deque>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::storage {

/// drop: a page goes once the store has it, so that the next writer is charged
/// anew. keep: it stays, and stays charged to whom it was first charged.
enum class cache_mode : std::uint8_t { drop, keep };

/// Of one mount, in bytes.
struct cache_limits {
    std::uint64_t dirty_bytes{
        64u << 20};  ///< dirty or being written; from half of it on the flusher is sent, above it writers wait
    std::uint64_t cache_bytes{256u << 20};  ///< all pages; above it clean ones go, oldest first
};

/// Bytes that a writer was told are written, and that the store does not have.
struct unwritten_file {
    std::string path;  ///< from the mount's root, when it was opened last
    std::uint64_t bytes{};
    int error{};  ///< why; 0: nobody has tried yet
};

/// One change of a file at a time, in the order in which they reach the store. The kernel's
/// inode lock would do, but it goes when a signal ends the caller's wait, and the change may
/// still be on its way. Held across waits; to be awaited: free_to_change(), then made at once.
class change_lock {
  public:
    change_lock(file_data& f, sched::scheduler& sched) : f_{f}, sched_{sched} {
        DRAINLAB_CHECK(f_.changing == change::none);
        f_.changing = change::bytes;
    }
    ~change_lock() {
        f_.changing = change::none;
        sched_.wake_all(&f_.changing);
    }
    /// Its end is moved: writeback begins nothing new until the lock
    /// goes, and nothing is dropped before the store has agreed.
    void moves_end() noexcept { f_.changing = change::end; }
    change_lock(const change_lock&) = delete;
    change_lock& operator=(const change_lock&) = delete;

  private:
    file_data& f_;
    sched::scheduler& sched_;
};

/// Which way the bytes of a write go. Decided anew whenever the write has had to wait.
enum class write_way : std::uint8_t {
    /// The store is called at once, and nothing slows it down: it has them now; pages only note who pays, and that
    /// writeback is due.
    through,
    /// The store will surely have room: they stay in pages until writeback.
    cached,
    /// It may have none: it gets them before the writer is answered, so that ENOSPC reaches the one whom it concerns.
    direct,
};

/// Functions that return int return 0 or an errno. Thread: loop. A store in memory is
/// called at once; for any other, what says "at once" is what needs nothing of the store.
class page_cache {
  public:
    page_cache(sched::scheduler& sched, store_calls& calls, std::shared_ptr<store_space> space, const store_io& io);
    ~page_cache() { *alive_ = false; }
    page_cache(const page_cache&) = delete;
    page_cache& operator=(const page_cache&) = delete;

    cache_mode mode{cache_mode::drop};
    cache_limits limits{};
    /// What is written stays here until somebody syncs it, or more than the limit is dirty, and a power cut drops it.
    bool lose_unsynced{};
    emulated_device device;
    /// Nothing is written beyond it (EFBIG). Learned when the first file is opened.
    off_t largest_file{std::numeric_limits<off_t>::max()};

    /// The bytes [off, off + size) as far as they exist, in `out`; valid until the next
    /// await or return to the loop. False: cannot be had without waiting; ask read().
    bool try_read(file_data& f, off_t off, std::size_t size, const kernel::memcg_ptr& m, std::vector<iovec>& out);
    sched::task<int> read(file_data& f, off_t off, std::size_t size, kernel::memcg_ptr m, std::vector<iovec>& out);
    /// Whether a read, or a write, of [off, off + size) would bring in
    /// a page, which somebody has to pay for. Until the next await.
    bool read_brings_in(const file_data& f, off_t off, std::size_t size);
    bool write_brings_in(const file_data& f, off_t off, std::size_t size);
    /// done: see file_write::result(). mark: likewise, once
    /// kernel::mark_inode_dirty(I_DIRTY_ALL) has been awaited. wait: await write().
    enum class next : std::uint8_t { done, mark, wait };
    /// As far as it goes at once.
    next try_write(file_write& w);
    /// Whether try_write() goes all the way: the store is in memory, and nobody is in front of this write.
    bool takes_at_once(file_data& f, std::size_t size) {
        return writes_through() && f.changing == change::none && below_dirty_limit(f, size);
    }
    /// What try_write() has not done, or all of it. Bytes that are not kept yet are copied.
    sched::task<> write(file_write& w);
    /// Whether what is written now reaches the store at once, so that writeback has nothing to fail at.
    bool writes_through() const noexcept {
        return calls_.at_once() && !lose_unsynced && device.limits().unlimited() &&
               !device.errors.concerns(device_op::write);
    }
    write_way way_of(std::size_t size) const {
        return writes_through() ? write_way::through : has_room(size) ? write_way::cached : write_way::direct;
    }
    /// ftruncate(): the store's file is as long on return. On failure nothing has changed.
    sched::task<int> truncate(file_data& f, off_t size);
    /// Until nobody else changes the file: see change_lock.
    sched::task<> free_to_change(file_data& f) {
        while (f.changing != change::none) co_await sched_.wait_on(&f.changing, "another change of the file");
    }
    /// Before a call that takes up to `size` bytes of the store: what others were
    /// promised of it goes first, and nobody is promised it as long as the claim lives.
    sched::task<std::unique_ptr<store_space::claim>> claim_room(file_data& f, std::size_t size);
    /// The power was cut: what was written to the file and not synced is gone, and it ends where it
    /// ends in the store. Writers and readers see that from now on. @return bytes that were other,
    /// or not there, in the store; nothing happens to a file that the store does not answer for.
    sched::task<std::uint64_t> drop_unsynced(file_data& f);
    const unsynced_counts& unsynced() const noexcept { return unsynced_; }
    void count_power_cut() noexcept { ++unsynced_.power_cuts; }
    /// One round of writeback over [off, off + size) and the wait
    /// for it; size 0: to the end. Then the store has the bytes.
    sched::task<int> write_and_wait(file_data& f, off_t off, off_t size, kernel::memcg_ptr m);
    /// Forgets clean pages of [off, off + size); dirty ones must have been written.
    void invalidate(file_data& f, off_t off, off_t size);
    /// fsync(2) or fdatasync(2) of the store's file.
    sched::task<int> sync_store(file_data& f, bool data_only);
    /// What was read from the cache only is read from the store as well,
    /// a byte of it, so that its access time moves as it does there.
    sched::task<> settle_atime(file_data& f);

    /// address_space_operations::writepages
    sched::task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc);
    /// The inode is being evicted: its pages are gone.
    void forget(file_data& f);

    /// See filesystem::fault().
    sched::task<int> fault(device_op op, node& f, const char* name = nullptr);
    /// Nobody has the file open any more: its descriptor is closed, unless
    /// write-back still needs it. Where too many do, the flusher is sent.
    void closed(file_data& f);
    /// The file is open again, or its descriptor gone.
    static void not_waiting(file_data& f) noexcept { f.waits_closed.reset(); }
    /// Makes sure that f.fd is open. @return errno.
    sched::task<int> need_fd(file_data& f, int flags);

    /// Where the superblock's folios are counted: kernel::super_block::counts.
    kernel::page_counts& counts() noexcept { return counts_; }
    std::uint64_t dirty_bytes() const noexcept { return counts_.unwritten() * page_size; }
    std::uint64_t cached_bytes() const noexcept { return counts_.pages() * page_size; }
    /// Dirty bytes that the store has no room reserved for.
    std::uint64_t unstored_bytes() const noexcept { return writes_through() ? 0 : dirty_bytes(); }
    /// What has been lost so far, and nobody who could do something about it was told.
    const std::vector<unwritten_file>& lost() const noexcept { return lost_; }
    /// Failures of store calls that had no caller to tell: how many, and the newest.
    std::uint64_t silent_failures() const noexcept { return silent_failures_; }

  private:
    // which file of this folder has them
    // page_cache_read.cpp
    bool need_fd_now(file_data& f, int flags, int& err);
    /// Whether a read gets the store's bytes at once, so that none need be kept here.
    bool reads_through() const noexcept {
        return calls_.at_once() && device.limits().unlimited() && !device.errors.concerns(device_op::read);
    }
    struct gap {
        pgoff_t first{};
        std::size_t count{};  ///< 0: there is none
    };
    static gap first_gap(const kernel::address_space& m, pgoff_t at, pgoff_t end, bool bytes);
    /// What of these bytes is not here yet: the first of it.
    gap lacks(const file_data& f, off_t off, std::size_t size, bool bytes) const;
    bool fill_now(file_data& f, pgoff_t first, std::size_t count, const kernel::memcg_ptr& m, int& err);
    sched::task<int> fill(file_data& f, pgoff_t first, std::size_t count, kernel::memcg_ptr m);
    void take_in(file_data& f, fill_buffers& got, const kernel::memcg_ptr& m);
    void charge_clean(file_data& f, off_t off, std::size_t size, const kernel::memcg_ptr& m);
    int gather(file_data& f, off_t off, std::size_t size, std::vector<iovec>& out);
    int gather_through(file_data& f, off_t off, off_t end, std::vector<iovec>& out);
    // page_cache_write.cpp
    bool fits(file_write& w) const;
    obstacle go_on(file_write& w);
    obstacle put_pages(file_write& w);
    void put(file_write& w, const page_part& p);
    static bool needs_fill(const file_data& f, const page_part& p);
    bool below_dirty_limit(file_data& f, std::size_t more);
    sched::task<> balance_dirty_pages(file_data& f);
    void send_flusher(file_data& f);
    /// From here on the flusher is sent.
    std::uint64_t background_limit() const noexcept { return limits.dirty_bytes / (lose_unsynced ? 1 : 2); }
    // page_cache_direct.cpp
    void store_now(file_write& w);
    sched::task<> write_direct(file_write& w);
    void note_stored(file_data& f, off_t off, std::size_t size, const char* data, const kernel::memcg_ptr& m);
    // page_cache_room.cpp
    bool has_room(std::size_t size) const;
    sched::task<> look_for_room();
    sched::task<> store_what_is_held(file_data& f);
    // page_cache_writeback.cpp
    int check_stored(file_data& f, pgoff_t first, std::size_t size) const;
    sched::task<int> write_run(file_data& f, kernel::inode& i, pgoff_t first, std::size_t count);
    void end_run(file_data& f, kernel::inode& i, pgoff_t first, std::size_t count, int error);
    // page_cache_settle.cpp
    sched::task<> while_end_moves(file_data& f);
    sched::task<bool> settle(file_data& f, bool tell_times);
    sched::task<> after_writepages(file_data& f, kernel::inode& i, int error);
    void lose(file_data& f, kernel::inode& i, std::uint64_t bytes, int error);
    // page_cache.cpp, page_cache_truncate.cpp
    static void changed(file_data& f, pgoff_t first, pgoff_t stop);
    void end_at(file_data& f, off_t size);
    void set_times(file_data& f);
    void remember_clean(file_data& f, pgoff_t index);
    void reclaim();
    void give_memory_back();
    /// Less is dirty now, or will be soon: whoever waits for that looks again.
    void tell_less_dirty() { sched_.wake_all(&counts_); }

    sched::scheduler& sched_;
    store_calls& calls_;
    const std::shared_ptr<store_space> space_;
    const store_io& io_;
    kernel::page_counts counts_;
    token_count holding_files_, closed_waiting_;
    std::deque<std::pair<std::weak_ptr<kernel::inode>, pgoff_t>> clean_;  ///< oldest first; may name pages long gone
    /// What gather_through() reads into. At the beginning of a page:
    /// into another place the kernel copies at half the speed.
    struct alignas(page_size) aligned_page {
        std::byte bytes[page_size];
    };
    std::vector<aligned_page> scratch_;
    bool background_running_{}, trim_planned_{};
    sched::instant careful_until_{};  ///< the store has failed a write: until then writers hear at once
    std::vector<unwritten_file> lost_;
    std::uint64_t silent_failures_{};
    unsynced_counts unsynced_;
    std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
};

}  // namespace drainlab::storage
