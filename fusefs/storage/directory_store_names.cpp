// The calls that make and remove names.
#include "fusefs/storage/directory_store.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::storage {

namespace {

/// The process's umask, for the length of one call: the store itself then applies it, or a default ACL instead of it. No other thread
/// of ours makes files.
class scoped_umask {
  public:
    explicit scoped_umask(mode_t mask) : old_{::umask(mask)} {}
    ~scoped_umask() { ::umask(old_); }
    scoped_umask(const scoped_umask&) = delete;
    scoped_umask& operator=(const scoped_umask&) = delete;

  private:
    mode_t old_;
};

int result(int rc) { return rc == 0 ? 0 : errno; }

/// Gives a new file to its maker, as the kernel would have: in a setgid directory the group stays the directory's.
/// Without privilege everything belongs to the daemon's user, which is then the only caller.
int give(int parent, int dir, const char* name, int flags, const credentials& who, struct stat& st) {
    if (st.st_uid == who.uid && st.st_gid == who.gid) return 0;
    struct stat parent_st {};
    if (::fstat(parent, &parent_st) != 0) return errno;
    const gid_t gid = parent_st.st_mode & S_ISGID ? st.st_gid : who.gid;
    if (st.st_uid == who.uid && st.st_gid == gid) return 0;
    const mode_t mode = st.st_mode & 07777;
    if (::fchownat(dir, name, who.uid, gid, flags | AT_SYMLINK_NOFOLLOW) != 0) return errno == EPERM ? 0 : errno;
    if (mode & (S_ISUID | S_ISGID) && !S_ISLNK(st.st_mode)) {  // chown took them away
        if (flags & AT_EMPTY_PATH ? ::fchmod(dir, mode) : ::fchmodat(dir, name, mode, 0)) return errno;
    }
    return ::fstatat(dir, name, &st, flags | AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

}  // namespace

int directory_store::adopt(int dir, node& parent, const char* name, const credentials& who, mode_t, node*& out,
                           struct stat& st) {
    if (const int err = stat_entry(dir, name, st)) return err;
    if (const int err = give(dir, dir, name, 0, who, st)) return err;
    out = &nodes_.get(parent, name, st);
    return 0;
}

int directory_store::mknod(node& parent, const char* name, mode_t mode, dev_t dev, const credentials& who, node*& out,
                           struct stat& st) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    const scoped_umask mask{who.umask};
    if (::mknodat(dir, name, mode, dev) != 0) return errno;
    return adopt(dir, parent, name, who, mode, out, st);
}

int directory_store::mkdir(node& parent, const char* name, mode_t mode, const credentials& who, node*& out,
                           struct stat& st) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    const scoped_umask mask{who.umask};
    if (::mkdirat(dir, name, mode) != 0) return errno;
    return adopt(dir, parent, name, who, mode, out, st);
}

int directory_store::symlink(const char* target, node& parent, const char* name, const credentials& who, node*& out,
                             struct stat& st) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    if (::symlinkat(target, dir, name) != 0) return errno;
    return adopt(dir, parent, name, who, 0777, out, st);
}

int directory_store::link(node& f, node& parent, const char* name, struct stat& st) {
    if (const int err = check_name(name)) return err;
    std::string source;
    if (const int err = proc_name(f, source)) return err;
    const unique_fd keep{::fcntl(std::stoi(source), F_DUPFD_CLOEXEC, 0)};  // the next line may close f's own
    if (!keep) return errno;
    source = std::to_string(keep.get());
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    if (::linkat(proc_.get(), source.c_str(), dir, name, AT_SYMLINK_FOLLOW) != 0) return errno;
    if (const int err = stat_entry(dir, name, st)) return err;
    nodes_.get(parent, name, st);
    return 0;
}

int directory_store::create(node& parent, const char* name, int flags, mode_t mode, const credentials& who, node*& out,
                            struct stat& st, unique_fd& fd) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    {
        const scoped_umask mask{who.umask};
        fd.reset(open_at(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, mode & 07777));
    }
    if (!fd && errno == EEXIST && !(flags & O_EXCL)) {  // made behind the kernel's back since its lookup
        if (const int err = lookup(parent, name, out, st)) return err;
        const int err = open_data(*out, flags, fd);
        if (err) nodes_.forget(*out, 1);
        return err;
    }
    if (!fd) return errno;
    if (::fstat(fd.get(), &st) != 0) return errno;
    if (const int err = give(dir, fd.get(), "", AT_EMPTY_PATH, who, st)) return err;
    out = &nodes_.get(parent, name, st);
    return 0;
}

/// Finds the node that is about to lose the name by which we would reach it, and keeps it reachable.
int directory_store::before_removal(int dir, node& parent, const char* name, node*& victim) {
    victim = nullptr;
    unique_fd entry{::openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat st {};
    if (entry ? ::fstat(entry.get(), &st) != 0 : errno != EMFILE && errno != ENFILE) return errno;
    if (!entry)
        if (const int err = stat_entry(dir, name, st)) return err;
    if (st.st_dev != dev_) return EXDEV;
    node* const f = nodes_.find(st.st_ino);
    if (!f || f->parent != &parent || f->name != name) return 0;
    victim = f;
    return nodes_.pin(*f, std::move(entry));
}

int directory_store::remove(node& parent, const char* name, int flags) {
    if (const int err = check_name(name)) return err;
    int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    node* victim{};
    if (const int err = before_removal(dir, parent, name, victim)) return err;
    dir = nodes_.fd(parent);  // may have been closed for the victim's sake
    const int err = dir < 0 ? -dir : result(::unlinkat(dir, name, flags));
    if (victim) err ? nodes_.set_name(*victim, parent, name) : nodes_.drop_name(*victim);
    return err;
}

int directory_store::unlink(node& parent, const char* name) { return remove(parent, name, 0); }

int directory_store::rmdir(node& parent, const char* name) { return remove(parent, name, AT_REMOVEDIR); }

int directory_store::rename(node& from, const char* name, node& to, const char* new_name, unsigned flags) {
    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) return EINVAL;
    if (const int err = check_name(name)) return err;
    if (const int err = check_name(new_name)) return err;
    int got = nodes_.fd(from);
    if (got < 0) return -got;
    const unique_fd source{::fcntl(got, F_DUPFD_CLOEXEC, 0)};
    got = nodes_.fd(to);
    if (got < 0) return -got;
    const unique_fd target{::fcntl(got, F_DUPFD_CLOEXEC, 0)};
    if (!source || !target) return errno;

    node *moved{}, *replaced{};
    if (const int err = before_removal(source.get(), from, name, moved)) return err;
    int err = before_removal(target.get(), to, new_name, replaced);
    if (err == ENOENT && !(flags & RENAME_EXCHANGE)) err = 0;
    if (!err) err = result(::renameat2(source.get(), name, target.get(), new_name, flags));
    const bool done = err == 0 && moved != replaced;
    // set_name() also gives the pinned descriptors back to the cache.
    if (moved) done ? nodes_.set_name(*moved, to, new_name) : nodes_.set_name(*moved, from, name);
    if (replaced && replaced != moved) {
        if (!done)
            nodes_.set_name(*replaced, to, new_name);
        else if (flags & RENAME_EXCHANGE)
            nodes_.set_name(*replaced, from, name);
        else
            nodes_.drop_name(*replaced);
    }
    return err;
}

}  // namespace drainlab::storage
