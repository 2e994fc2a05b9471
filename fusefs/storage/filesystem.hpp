// One mount's filesystem: the store, the page cache, and the model kernel's view of both.
#pragma once
#include "fusefs/kernel/super.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <sys/statvfs.h>

#include <optional>

namespace drainlab::storage {

/// What a filesystem is made of; see filesystem::make().
struct filesystem_options {
    std::optional<std::filesystem::path> store;  ///< none: a private one in memory
    std::string label{"another mount"};  ///< what the refusal of a second mount on the same store calls this one
    bool read_only{};                    ///< may share its store with others that are
    cache_mode mode{cache_mode::drop};
    cache_limits limits{};
    bool lose_unsynced{};  ///< see page_cache::lose_unsynced
    device_limits device{};
    std::size_t descriptors{512};  ///< O_PATH descriptors kept open at most (files in use have one more each)
    sched::nanoseconds open_limit{std::chrono::seconds{10}};  ///< a store that does not answer longer is refused
};

/// Whom attributes of a file are changed to.
struct attribute_change {
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    std::optional<mode_t> mode;
    timespec times[2]{{0, UTIME_OMIT}, {0, UTIME_OMIT}};
};

/// A file that was made and opened in one.
struct created_file {
    data_fd data;
    struct stat st {};
};

/// Life: make(), sget(..., *this, ...), set_super(), serve, shut the superblock down, close_store(), destroy.
/// Outlives the superblock's use of it and every session on it. Functions return 0 or an errno. Whatever is
/// awaited may wait for the store, if that is not in memory; what is not, never does. Thread: loop.
class filesystem final : public kernel::address_space_operations {
  public:
    /// Opens the store: where it may hang, on a thread of its own. Refuses one that
    /// another mount uses (EBUSY). @param error  on failure one sentence: the path,
    /// what is wrong, what would be right. @return null on failure, with `err` set.
    static sched::task<std::unique_ptr<filesystem>> make(filesystem_options options, stores& all, int& err,
                                                         std::string& error);
    /// On a store that is open already, its calls made by `executor` (null: at once). For tests.
    static std::unique_ptr<filesystem> on(std::shared_ptr<directory_store> store,
                                          std::shared_ptr<store_executor> executor, const filesystem_options& options,
                                          stores& all, const store_io& io = store_io::of_system());
    ~filesystem() override;
    /// Precondition: it has no inodes yet.
    void set_super(std::shared_ptr<kernel::super_block> sb);
    kernel::super_block& super() const { return *sb_; }
    const std::shared_ptr<kernel::super_block>& super_ptr() const { return sb_; }

    page_cache& cache() noexcept { return *cache_; }
    const page_cache& cache() const noexcept { return *cache_; }
    store_calls& calls() noexcept { return *calls_; }
    sched::scheduler& scheduler() noexcept { return sched_; }
    bool is_private() const noexcept { return facts_.is_private; }
    bool in_memory() const noexcept { return facts_.in_memory; }
    bool has_acls() const noexcept { return facts_.has_acls; }
    bool read_only() const noexcept { return read_only_; }
    /// The root's node: FUSE_ROOT_ID.
    node& root() const noexcept { return *root_; }
    /// Files that the kernel knows; nodes in all; descriptors kept for them.
    const node_table& nodes() const noexcept { return store_->nodes(); }

    /// Whether the device is to fail this request on `f`, or on its entry `name`: 0 or the errno.
    /// Draws once for each call. Ask may_fault() first: most of the time there is nothing to await.
    bool may_fault(device_op op) const noexcept { return cache_->device.errors.concerns(op); }
    sched::task<int> fault(device_op op, node& f, const char* name = nullptr) { return cache_->fault(op, f, name); }

    /// What the file looks like to its users: the store's attributes, with what is still only in the page cache.
    sched::task<int> getattr(node& f, struct stat& st);
    void overlay(const node& f, struct stat& st) const;
    sched::task<int> change(node& f, attribute_change what);
    /// Something else of `f` was changed just now, so that its ctime moves.
    void touched(node& f) const;
    sched::task<int> truncate(node& f, off_t size);
    /// rename(2). Files in use are known by their new paths on return.
    sched::task<int> rename(node& from, std::string name, node& to, std::string new_name, unsigned flags);
    /// As the store says, less what is still on its way there.
    sched::task<int> statfs(struct statvfs& st);

    /// A regular file is opened with `flags`; `created`, if given, is what making it has
    /// brought already. Each open is paired with close(). A file in memory that is opened
    /// for reading gets its descriptor in the store from the first read that needs one.
    sched::task<int> open(node& f, int flags, const created_file* created);
    /// The same without a task; nothing: not without waiting.
    std::optional<int> open_now(node& f, int flags, const created_file* created);
    /// The caller holds a reference on `f` until it returns.
    sched::task<> close(node& f);
    /// The same without a task. False: not without waiting, and nothing has happened.
    bool close_now(node& f);
    /// FORGET: the kernel takes `n` lookups back. The node may be gone afterwards.
    void forget(node& f, std::uint64_t n);
    /// References of ours, in order with all other calls on names.
    void ref(node& f) {
        calls_->post("ref", [&f](directory_store& s) { s.nodes().ref(f); });
    }
    void unref(node& f) {
        calls_->post("unref", [&f](directory_store& s) { s.nodes().unref(f); });
    }

    /// fsync(2): one round of writeback, the wait, then the store's own fsync. Returns after wbc_detach_inode().
    sched::task<int> fsync(node& f, bool data_only, kernel::memcg_ptr m);
    /// Whether an fsync has nothing to write, to wait for or to fail at: the store is in memory, and has it all.
    bool nothing_to_sync(const node& f) const noexcept;
    sched::task<int> fsync_directory(node& f);
    sched::task<int> fallocate(node& f, int mode, off_t off, off_t length, kernel::memcg_ptr m);
    sched::task<int> seek(node& f, off_t off, int whence, off_t& found, kernel::memcg_ptr m);
    sched::task<int> copy_range(node& from, off_t from_off, node& to, off_t to_off, std::size_t length,
                                kernel::memcg_ptr m, std::size_t& copied);

    /// Calls on the store that are under way: what, on what, since when.
    std::vector<pending_call> pending_calls() const { return calls_->pending(); }
    /// What writers were told is written and the store does not have: what was lost, and what is still on its way.
    std::vector<unwritten_file> unwritten() const;
    /// Where the cache loses what is not synced: in all files, one after the other. Names,
    /// attributes, lengths that were set by truncate(2) stay. @return how much of which file is gone.
    sched::task<std::vector<unwritten_file>> power_cut();
    /// Nobody waits for this store any more: every call on it, also one under way, fails with EIO.
    void abandon_store() { calls_->abandon(); }
    /// After the superblock's end: lets go of the store, so that it can be unmounted or used by
    /// others. False if it did not answer by `deadline`: then its threads are left to themselves.
    sched::task<bool> close_store(sched::instant deadline);

    // kernel::address_space_operations
    sched::task<int> writepages(kernel::inode& i, kernel::writeback_control& wbc) override;
    void evict_inode(kernel::inode& i) override;
    sched::task<int> sync_fs(kernel::super_block& sb, bool wait) override;

  private:
    struct store_facts {
        bool is_private{}, in_memory{}, has_acls{};
    };
    struct opened_file;
    struct opening;
    filesystem(stores& all, std::shared_ptr<directory_store> store, std::shared_ptr<store_executor> executor,
               const filesystem_options& options, const store_io& io);
    bool being_evicted(const node& f) const;
    opening opening_of(node& f, int flags, const created_file* created) const;
    bool opens_later(int flags, const created_file* created) const noexcept;
    bool is_open_for(const node& f, int flags, const created_file* created) const;
    void attach(node& f, opened_file& got);
    sched::task<> learn_paths();
    sched::task<> forget_later(node& f, std::uint64_t n, std::shared_ptr<file_data> d);
    sched::task<> drop_dentry(std::shared_ptr<kernel::inode> i, std::shared_ptr<file_data> d);
    void drop_if_unused(node& f);
    void drop_if_still(const std::shared_ptr<file_data>& d);

    sched::scheduler& sched_;
    std::shared_ptr<directory_store> store_;
    store_facts facts_;
    node* root_;
    shared_fd root_fd_;
    bool read_only_, largest_known_{};
    const store_io& io_;
    std::unique_ptr<store_calls> calls_;
    std::unique_ptr<page_cache> cache_;
    std::shared_ptr<store_agent> agent_;  ///< null: in memory
    store_claims::token claim_;
    std::shared_ptr<kernel::super_block> sb_;
};

}  // namespace drainlab::storage
