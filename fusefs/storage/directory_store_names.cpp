// The calls that make and remove names.
#include "fusefs/storage/directory_store.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

namespace drainlab::storage {

namespace {

/// The thread's umask, for one call: the store itself then applies it, or a default ACL instead of it. Where another
/// thread may be doing the same (`ours` is false), the umask is applied here, and default ACLs come second. It stays
/// until another one is wanted: what the daemon makes for itself is its user's alone. One that takes something from the
/// owner, too, does not stay.
class scoped_umask {
  public:
    scoped_umask(mode_t mask, bool ours) : mask_{mask}, ours_{ours} {
        if (ours_) set(mask_);
    }
    ~scoped_umask() {
        if (ours_ && mask_ & S_IRWXU) set(0);
    }
    scoped_umask(const scoped_umask&) = delete;
    scoped_umask& operator=(const scoped_umask&) = delete;
    mode_t operator()(mode_t mode) const { return ours_ ? mode : mode & ~mask_; }

  private:
    static void set(mode_t mask) {
        thread_local std::optional<mode_t> now;
        if (now != mask) ::umask(mask);
        now = mask;
    }
    mode_t mask_;
    bool ours_;
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

int directory_store::adopt(int dir, node& parent, const char* name, const credentials& who, mode_t mode, node*& out,
                           struct stat& st) {
    int err = stat_entry(dir, name, st);
    if (!err) err = give(dir, dir, name, 0, who, st);
    if (err) {  // whoever is told that it failed does not look for what is left
        ::unlinkat(dir, name, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
        return err;
    }
    out = &nodes_.get(parent, name, st);
    return 0;
}

int directory_store::mknod(node& parent, const char* name, mode_t mode, dev_t dev, const credentials& who, node*& out,
                           struct stat& st) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    const scoped_umask mask{who.umask, where_.own_umask};
    if (::mknodat(dir, name, mask(mode), dev) != 0) return errno;
    return adopt(dir, parent, name, who, mode, out, st);
}

int directory_store::mkdir(node& parent, const char* name, mode_t mode, const credentials& who, node*& out,
                           struct stat& st) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    const scoped_umask mask{who.umask, where_.own_umask};
    if (::mkdirat(dir, name, mask(mode)) != 0) return errno;
    return adopt(dir, parent, name, who, S_IFDIR | mode, out, st);
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
                            struct stat& st, data_fd& fd) {
    if (const int err = check_name(name)) return err;
    const int dir = nodes_.fd(parent);
    if (dir < 0) return -dir;
    int made = -1;
    {
        const scoped_umask mask{who.umask, where_.own_umask};
        made = open_at(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, mask(mode & 07777));
    }
    if (made < 0 && errno == EEXIST && !(flags & O_EXCL)) {  // made behind the kernel's back since its lookup
        if (const int err = lookup(parent, name, out, st)) return err;
        const int err = open_data(*out, flags, fd);
        if (err) nodes_.forget(*out, 1);
        return err;
    }
    if (made < 0) return errno;
    fd = {share_fd(made), O_RDWR};
    int err = ::fstat(made, &st) == 0 ? 0 : errno;
    if (!err) err = give(dir, made, "", AT_EMPTY_PATH, who, st);
    if (err) {
        ::unlinkat(dir, name, 0);
        fd = {};
        return err;
    }
    out = &nodes_.get(parent, name, st);
    out->no_capability = true;
    return 0;
}

/// Finds the node that is about to lose the name by which we would reach it, and keeps it reachable.
int directory_store::before_removal(int dir, node& parent, const char* name, node*& victim) {
    victim = nullptr;
    unique_fd entry{open_at(dir, name, O_PATH | O_NOFOLLOW)};
    if (!entry && errno != EMFILE && errno != ENFILE) return errno;
    if (entry) where_.budget->give();  // it is closed in a moment, or the table's
    struct stat st {};
    if (const int err = entry ? (::fstat(entry.get(), &st) == 0 ? 0 : errno) : stat_entry(dir, name, st)) return err;
    victim = nodes_.named(parent, name, st.st_ino);
    if (victim) victim->only_name = st.st_nlink == 1;
    return victim ? nodes_.pin(*victim, std::move(entry)) : 0;
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

int directory_store::rename(node& from, const char* name, node& to, const char* new_name, unsigned flags,
                            std::array<node*, 2>* renamed) {
    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) return EINVAL;
    if (const int err = check_name(name)) return err;
    if (const int err = check_name(new_name)) return err;
    const int source = nodes_.fd(from);
    if (source < 0) return -source;
    unique_fd keep{&from == &to ? -1 : ::fcntl(source, F_DUPFD_CLOEXEC, 0)};  // the next line may close the other
    if (!keep && &from != &to) return errno;
    int target = nodes_.fd(to);
    if (target < 0) return -target;
    const auto from_fd = [&] { return keep ? keep.get() : target; };
    const auto try_it = [&](unsigned how) { return result(::renameat2(from_fd(), name, target, new_name, how)); };

    struct stat st {};
    if (const int err = stat_entry(from_fd(), name, st)) return err;
    node* const moved = nodes_.named(from, name, st.st_ino);
    node* replaced{};
    int err = flags & RENAME_EXCHANGE ? EEXIST : try_it(RENAME_NOREPLACE);  // mostly nothing has the new name
    if ((err == EEXIST || err == EINVAL) && flags != RENAME_NOREPLACE) {    // or the store cannot say
        err = before_removal(target, to, new_name, replaced);
        if (err == ENOENT && !(flags & RENAME_EXCHANGE)) err = 0;
        target = nodes_.fd(to);  // may have been closed for its sake
        if (!err) err = target < 0 ? -target : try_it(flags);
    }
    const bool done = err == 0 && moved != replaced;
    if (moved && done) nodes_.set_name(*moved, to, new_name);
    if (done && renamed) *renamed = {moved, flags & RENAME_EXCHANGE ? replaced : nullptr};
    if (!replaced) return err;
    // set_name() also gives the pinned descriptor back to the cache.
    if (!done)
        nodes_.set_name(*replaced, to, new_name);
    else if (flags & RENAME_EXCHANGE)
        nodes_.set_name(*replaced, from, name);
    else
        nodes_.drop_name(*replaced);
    return err;
}

}  // namespace drainlab::storage
