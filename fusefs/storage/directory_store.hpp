// The store: a directory whose files are the mount's files. Metadata goes straight to it.
//
// Nothing here resolves a path: every call names one entry of one directory that is already open, and never follows a symlink, so a
// symlink planted in the store leads nowhere. Another filesystem mounted inside the store answers EXDEV.
#pragma once
#include "fusefs/storage/node_table.hpp"
#include "fusefs/storage/root_directory.hpp"

#include <sys/statvfs.h>

#include <string_view>

namespace drainlab::storage {

/// Whom a new file belongs to, and the umask it is made with.
struct credentials {
    uid_t uid{};
    gid_t gid{};
    mode_t umask{};
};

/// All functions return 0 or an errno (the store's own), and run on the loop thread: metadata of a directory is taken to
/// be quick. Names are single components; others get EINVAL.
class directory_store {
  public:
    /// @param descriptors  how many O_PATH descriptors may stay open.
    static std::unique_ptr<directory_store> open(root_directory root, std::size_t descriptors, int& err);

    int lookup(node& parent, const char* name, node*& out, struct stat& st);
    int getattr(node& f, struct stat& st);
    int chmod(node& f, mode_t mode);
    int chown(node& f, uid_t uid, gid_t gid);
    int utimens(node& f, const timespec times[2]);
    int truncate(node& f, off_t size);

    int mknod(node& parent, const char* name, mode_t mode, dev_t dev, const credentials& who, node*& out,
              struct stat& st);
    int mkdir(node& parent, const char* name, mode_t mode, const credentials& who, node*& out, struct stat& st);
    int symlink(const char* target, node& parent, const char* name, const credentials& who, node*& out,
                struct stat& st);
    int link(node& f, node& parent, const char* name, struct stat& st);
    /// Makes (or opens, without O_EXCL) a regular file. `fd` is a data descriptor for reading and writing where it may be had.
    int create(node& parent, const char* name, int flags, mode_t mode, const credentials& who, node*& out,
               struct stat& st, unique_fd& fd);
    int unlink(node& parent, const char* name);
    int rmdir(node& parent, const char* name);
    int rename(node& from, const char* name, node& to, const char* new_name, unsigned flags);
    int readlink(node& f, std::string& target);

    /// A data descriptor: for both reading and writing if that may be had, else for what `flags` ask. `O_PATH` is never given.
    int open_data(node& f, int flags, unique_fd& fd);
    int open_directory(node& f, unique_fd& fd);
    int statfs(struct statvfs& st) const;
    /// syncfs(2). May take long: not on the loop thread unless the store is in memory.
    int sync_all() const;

    int setxattr(node& f, const char* name, const void* value, std::size_t size, int flags);
    /// Size 0 asks for the size; `got` is what was (or would be) stored.
    int getxattr(node& f, const char* name, void* value, std::size_t size, std::size_t& got);
    int listxattr(node& f, void* list, std::size_t size, std::size_t& got);
    int removexattr(node& f, const char* name);

    node_table& nodes() noexcept { return nodes_; }
    const root_directory& root() const noexcept { return root_; }

  private:
    directory_store(root_directory root, const struct stat& st, unique_fd proc, std::size_t descriptors);

    /// openat(2); again after make_room() if there are too many descriptors: whatever `dir` came from was used last.
    int open_at(int dir, const char* name, int flags, mode_t mode = 0);
    int stat_entry(int parent, const char* name, struct stat& st) const;
    int adopt(int parent_fd, node& parent, const char* name, const credentials& who, mode_t mode, node*& out,
              struct stat& st);
    int proc_name(node& f, std::string& name);
    node* known(int parent, const char* name, struct stat& st);
    int before_removal(int parent_fd, node& parent, const char* name, node*& victim);
    int remove(node& parent, const char* name, int flags);

    root_directory root_;
    unique_fd proc_;  ///< /proc/self/fd: the way from an O_PATH descriptor to the calls that want a name
    dev_t dev_;
    node_table nodes_;
};

/// EINVAL for "", ".", ".." and anything with a slash; ENAMETOOLONG above 255 bytes.
int check_name(std::string_view name);

}  // namespace drainlab::storage
