// Reading directories: the store's own order and offsets, so that telldir() and seekdir() mean what they mean there.
#include "fusefs/fuse/session_impl.hpp"

#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace drainlab::fuse {

using impl = session::impl;
using storage::node;

void session::impl::drop_handle(open_directory* d) {
    fs.store().nodes().unref(*d->f);
    directories.erase(d);
    delete d;
    --count.open_files;
}

namespace {

/// As getdents64(2) returns them.
struct raw_entry {
    std::uint64_t ino;
    std::int64_t next;  ///< offset of the entry after this one
    std::uint16_t length;
    std::uint8_t type;
    char name[1];
};

open_directory& handle(const fuse_file_info* fi) {
    return *reinterpret_cast<open_directory*>(fi->fh);  // NOLINT(performance-no-int-to-ptr): libfuse keeps a number
}

bool is_dot(const char* name) { return !std::strcmp(name, ".") || !std::strcmp(name, ".."); }

/// Makes the entry at `off` available. 1: there is one, 0: end, negative: -errno.
int entry_at(open_directory& d, off_t off) {
    if (off != d.position) {
        if (::lseek(d.fd.get(), off, SEEK_SET) < 0) return -errno;
        d.at = d.used = 0;
        d.position = off;
    }
    if (d.at < d.used) return 1;
    const long n = ::syscall(SYS_getdents64, d.fd.get(), d.entries.data(), d.entries.size());
    if (n < 0) return -errno;
    d.at = 0;
    d.used = static_cast<std::size_t>(n);
    return n > 0;
}

const raw_entry& current(const open_directory& d) {
    return *reinterpret_cast<const raw_entry*>(d.entries.data() + d.at);
}

void step(open_directory& d) {
    const raw_entry& e = current(d);
    d.position = e.next;
    d.at += e.length;
}

struct stat plain_stat(impl& s, const open_directory& d, const raw_entry& e) {
    struct stat st {};
    st.st_ino = d.f->is_root() && !std::strcmp(e.name, "..") ? d.f->ino : e.ino;  // never the store's surroundings
    st.st_mode = static_cast<mode_t>(e.type) << 12;
    (void)s;
    return st;
}

/// @return bytes needed; more than `room` if it does not fit. 0: the entry went away meanwhile.
std::size_t add_plus(impl& s, fuse_req_t req, open_directory& d, const raw_entry& e, char* to, std::size_t room) {
    fuse_entry_param p{};
    node* f{};
    if (is_dot(e.name)) {
        p.attr = plain_stat(s, d, e);
        return fuse_add_direntry_plus(req, to, room, e.name, &p, e.next);
    }
    if (fuse_add_direntry_plus(req, nullptr, 0, e.name, nullptr, 0) > room) return room + 1;  // no lookup in vain
    struct stat st {};
    const int err = s.fs.store().lookup(*d.f, e.name, f, st);
    if (err == ENOENT) return 0;
    if (err)
        p.attr = plain_stat(s, d, e);  // without a node: the kernel will look it up, and be told
    else
        p = s.entry_for(*f, st);
    return fuse_add_direntry_plus(req, to, room, e.name, &p, e.next);
}

void read_entries(fuse_req_t req, std::size_t size, off_t off, fuse_file_info* fi, bool plus) {
    impl& s = impl::of(req);
    if (!s.admit(req, plus ? "READDIRPLUS" : "READDIR")) return;
    open_directory& d = handle(fi);
    if (s.fails(req, storage::device_op::readdir, *d.f)) return;
    std::vector<char> out(size);
    std::size_t used = 0;
    int more = 0;
    while ((more = entry_at(d, off)) > 0) {
        const raw_entry& e = current(d);
        std::size_t need = 0;
        if (plus) {
            need = add_plus(s, req, d, e, out.data() + used, size - used);
        } else {
            const struct stat st = plain_stat(s, d, e);
            need = fuse_add_direntry(req, out.data() + used, size - used, e.name, &st, e.next);
        }
        if (need > size - used) break;
        used += need;
        step(d);
        off = d.position;
    }
    if (more < 0 && used == 0)
        fuse_reply_err(req, -more);
    else
        fuse_reply_buf(req, out.data(), used);
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.admit(req, "OPENDIR")) return;
    auto d = std::make_unique<open_directory>();
    d->f = &s.known(ino);
    if (const int err = s.fs.store().open_directory(*d->f, d->fd)) {
        fuse_reply_err(req, err);
        return;
    }
    s.fs.store().nodes().ref(*d->f);
    ++s.count.open_files;
    s.directories.insert(d.get());
    fi->fh = reinterpret_cast<std::uint64_t>(d.get());
    if (s.fs.store().root().is_private) fi->cache_readdir = fi->keep_cache = 1;  // nobody else changes it
    open_directory* const h = d.release();
    if (fuse_reply_open(req, fi) != 0) s.drop_handle(h);  // interrupted: no RELEASEDIR will come
}

void op_releasedir(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    ++s.count.requests;
    s.drop_handle(&handle(fi));
    fuse_reply_err(req, 0);
}

void op_readdir(fuse_req_t req, fuse_ino_t, std::size_t size, off_t off, fuse_file_info* fi) {
    read_entries(req, size, off, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t, std::size_t size, off_t off, fuse_file_info* fi) {
    read_entries(req, size, off, fi, true);
}

sched::task<> fsyncdir_later(impl& s, fuse_req_t req, node& f) {
    const int err = co_await s.fs.fsync_directory(f);
    fuse_reply_err(req, err);
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int, fuse_file_info*) {
    impl& s = impl::of(req);
    if (s.admit(req, "FSYNCDIR")) s.park("fsyncdir", fsyncdir_later(s, req, s.known(ino)));
}

}  // namespace

void add_directory_operations(fuse_lowlevel_ops& ops) {
    ops.opendir = op_opendir;
    ops.releasedir = op_releasedir;
    ops.readdir = op_readdir;
    ops.readdirplus = op_readdirplus;
    ops.fsyncdir = op_fsyncdir;
}

}  // namespace drainlab::fuse
