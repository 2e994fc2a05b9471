// One mount's filesystem: the store, the page cache, and the model kernel's view of both.
#pragma once
#include "fusefs/kernel/super.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <optional>

namespace drainlab::storage {

struct filesystem_options {
    std::optional<std::filesystem::path> store;  ///< none: a private one in memory
    cache_mode mode{cache_mode::drop};
    cache_limits limits{};
    device_limits device{};
    std::size_t descriptors{512};  ///< O_PATH descriptors kept open at most (files in use have one more each)
};

/// Life: create(), sget(..., *this, ...), set_super(), serve, shut the superblock down, destroy. Outlives the superblock's use of it and every
/// session on it; the last completion of the pool must be in. Functions return 0 or an errno. Thread: loop.
class filesystem final : public kernel::address_space_operations {
  public:
    /// @param error  on failure one sentence: the path, what is wrong, what would be right. @return null on failure, with `err` set.
    static std::unique_ptr<filesystem> create(const filesystem_options& options, sched::scheduler& sched, io_pool& pool,
                                              int& err, std::string& error);
    ~filesystem() override;
    void set_super(std::shared_ptr<kernel::super_block> sb) { sb_ = std::move(sb); }
    kernel::super_block& super() const { return *sb_; }
    const std::shared_ptr<kernel::super_block>& super_ptr() const { return sb_; }

    directory_store& store() noexcept { return *store_; }
    page_cache& cache() noexcept { return *cache_; }
    const page_cache& cache() const noexcept { return *cache_; }
    sched::scheduler& scheduler() noexcept { return sched_; }

    /// Whether the device is to fail this request on `f`, or on its entry `name`: 0 or the errno. Draws once for each call.
    int fault(device_op op, const node& f, const char* name = nullptr) { return cache_->fault(op, f, name); }

    /// What the file looks like to its users: the store's attributes, with what is still only in the page cache.
    int getattr(node& f, struct stat& st);
    void overlay(const node& f, struct stat& st) const;
    int utimens(node& f, const timespec times[2]);
    sched::task<int> truncate(node& f, off_t size);

    /// A regular file is opened with `flags`; `fd`, if given, is its descriptor in the store (from create). Each open is paired with close().
    sched::task<int> open(node& f, int flags, unique_fd fd);
    /// Like open(), at once; false if that would have to wait.
    bool try_open(node& f, int flags, unique_fd& fd, int& err);
    void close(node& f);
    /// FORGET: the kernel takes `n` lookups back. The node may be gone afterwards.
    void forget(node& f, std::uint64_t n);

    /// fsync(2): one round of writeback, the wait, then the store's own fsync. Returns after wbc_detach_inode().
    sched::task<int> fsync(node& f, bool data_only, kernel::memcg_ptr m);
    sched::task<int> fsync_directory(node& f);
    sched::task<int> fallocate(node& f, int mode, off_t off, off_t length, kernel::memcg_ptr m);
    sched::task<int> seek(node& f, off_t off, int whence, off_t& found, kernel::memcg_ptr m);
    sched::task<int> copy_range(node& from, off_t from_off, node& to, off_t to_off, std::size_t length,
                                kernel::memcg_ptr m, std::size_t& copied);

    // kernel::address_space_operations
    sched::task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc) override;
    void evict_inode(kernel::inode& i) override;
    sched::task<int> sync_fs(kernel::super_block& sb, bool wait) override;
    void put_super(kernel::super_block& sb) override;

  private:
    filesystem(sched::scheduler& sched, std::unique_ptr<directory_store> store, io_pool& pool,
               const filesystem_options& options);
    bool being_evicted(const node& f) const;
    void attach_data(node& f, const struct stat& st);
    int first_open(node& f, const unique_fd& fd);
    void drop_if_unused(node& f);

    sched::scheduler& sched_;
    std::unique_ptr<directory_store> store_;
    std::unique_ptr<page_cache> cache_;
    std::shared_ptr<kernel::super_block> sb_;
};

}  // namespace drainlab::storage
