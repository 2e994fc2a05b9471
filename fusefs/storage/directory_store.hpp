// The store: a directory whose files are the mount's files. Metadata goes straight to it.
//
// Nothing here resolves a path: every call names one entry of one directory that is already open, and never
// follows a symlink, so a symlink planted in the store leads nowhere. Whatever is mounted inside the store,
// a bind mount of the same filesystem too, answers EXDEV, and is not asked: it may be one of our own mounts.
#pragma once
#include "fusefs/storage/node_table.hpp"
#include "fusefs/storage/root_directory.hpp"

#include <sys/statvfs.h>

#include <array>
#include <string_view>

namespace drainlab::storage {

/// Whom a new file belongs to, and the umask it is made with.
struct credentials {
    uid_t uid{};
    gid_t gid{};
    mode_t umask{};
};

/// Whose descriptors a store's are.
struct store_table {
    std::weak_ptr<fd_table> table;  ///< where own_table: what closes them from elsewhere
    bool own_table{};               ///< the store's thread has a table (and a umask) of its own
    bool own_umask{true};           ///< nobody else sets the umask of the thread that makes files
    std::shared_ptr<descriptor_budget> budget{
        std::make_shared<descriptor_budget>(descriptor_budget::of_limit(64))};  ///< how many there may be
};

/// All functions return 0 or an errno (the store's own). Names are single components; others get EINVAL. Thread: one:
/// the loop's for a store in memory, else that of the store's names; they may wait for the store as long as it likes.
class directory_store {
  public:
    /// @param descriptors  how many O_PATH descriptors may stay open.
    static std::shared_ptr<directory_store> open(root_directory root, std::size_t descriptors, int& err,
                                                 store_table where = {});
    ~directory_store();
    /// Lets go of every descriptor, and with them of the store: from here on everything is ESTALE or EBADF.
    void close_all();

    int lookup(node& parent, const char* name, node*& out, struct stat& st);
    int getattr(node& f, struct stat& st);
    int chmod(node& f, mode_t mode);
    int chown(node& f, uid_t uid, gid_t gid);
    int utimens(node& f, const timespec times[2]);

    int mknod(node& parent, const char* name, mode_t mode, dev_t dev, const credentials& who, node*& out,
              struct stat& st);
    int mkdir(node& parent, const char* name, mode_t mode, const credentials& who, node*& out, struct stat& st);
    int symlink(const char* target, node& parent, const char* name, const credentials& who, node*& out,
                struct stat& st);
    int link(node& f, node& parent, const char* name, struct stat& st);
    /// Makes (or opens, without O_EXCL) a regular file. `fd` is a
    /// data descriptor for reading and writing where it may be had.
    int create(node& parent, const char* name, int flags, mode_t mode, const credentials& who, node*& out,
               struct stat& st, data_fd& fd);
    int unlink(node& parent, const char* name);
    int rmdir(node& parent, const char* name);
    /// @param moved  if given, on success: the nodes that have another
    /// name now (null: nobody knows them); the second by RENAME_EXCHANGE.
    int rename(node& from, const char* name, node& to, const char* new_name, unsigned flags,
               std::array<node*, 2>* moved = nullptr);
    int readlink(node& f, std::string& target);

    /// A data descriptor: for both reading and writing if that may
    /// be had, else for what `flags` ask. `O_PATH` is never given.
    int open_data(node& f, int flags, data_fd& fd);
    int open_directory(node& f, shared_fd& fd);
    /// The root, for statvfs(3) and syncfs(2). Valid until close_all().
    const shared_fd& root_fd() const noexcept { return root_fd_; }
    /// Whether its files have POSIX ACLs; learned when it was opened.
    bool has_acls() const noexcept { return has_acls_; }
    bool is_private() const noexcept { return root_.is_private; }
    bool in_memory() const noexcept { return root_.in_memory; }

    int setxattr(node& f, const char* name, const void* value, std::size_t size, int flags);
    /// Size 0 asks for the size; `got` is what was (or would be) stored.
    int getxattr(node& f, const char* name, void* value, std::size_t size, std::size_t& got);
    int listxattr(node& f, void* list, std::size_t size, std::size_t& got);
    int removexattr(node& f, const char* name);

    node_table& nodes() noexcept { return nodes_; }
    const root_directory& root() const noexcept { return root_; }
    const store_table& where() const noexcept { return where_; }

  private:
    directory_store(root_directory root, const struct stat& st, unique_fd proc, std::size_t descriptors,
                    store_table where);

    /// openat(2) below `dir`, never onto another mount; again after make_room()
    /// if there are too many descriptors: whatever `dir` came from was used last.
    int open_at(int dir, const char* name, int flags, mode_t mode = 0);
    shared_fd share_fd(int fd) const;
    int stat_entry(int parent, const char* name, struct stat& st) const;
    int adopt(int parent_fd, node& parent, const char* name, const credentials& who, mode_t mode, node*& out,
              struct stat& st);
    int proc_name(node& f, std::string& name);
    node* known(int parent, const char* name, struct stat& st);
    int before_removal(int parent_fd, node& parent, const char* name, node*& victim);
    int remove(node& parent, const char* name, int flags);

    root_directory root_;
    store_table where_;
    shared_fd root_fd_;
    unique_fd proc_;  ///< /proc/thread-self/fd: the way from an O_PATH descriptor to the calls that want a name
    dev_t dev_;
    std::uint64_t mount_id_{};  ///< 0: this kernel does not tell
    bool has_acls_{};
    node_table nodes_;
};

/// EINVAL for "", ".", ".." and anything with a slash; ENAMETOOLONG above 255 bytes.
int check_name(std::string_view name);

}  // namespace drainlab::storage
