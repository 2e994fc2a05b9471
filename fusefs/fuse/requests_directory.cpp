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
    fs.unref(*d->f);
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
int entry_at(directory_stream& d, off_t off) {
    if (off != d.position) {
        if (::lseek(d.fd->get(), off, SEEK_SET) < 0) return -errno;
        d.at = d.used = 0;
        d.position = off;
    }
    if (d.at < d.used) return 1;
    const long n = ::syscall(SYS_getdents64, d.fd->get(), d.entries.data(), d.entries.size());
    if (n < 0) return -errno;
    d.at = 0;
    d.used = static_cast<std::size_t>(n);
    return n > 0;
}

const raw_entry& current(const directory_stream& d) {
    return *reinterpret_cast<const raw_entry*>(d.entries.data() + d.at);
}

void step(directory_stream& d) {
    const raw_entry& e = current(d);
    d.position = e.next;
    d.at += e.length;
}

/// One entry of READDIRPLUS on its way to the kernel. `f` is null where the kernel is to look it up itself.
struct entry {
    std::string name;
    struct stat st {};
    off_t next{};
    node* f{};
};

/// What one request has read. READDIR: the answer as it is, made where the entries lie; READDIRPLUS: its parts.
struct listing {
    std::vector<char> answer;
    std::vector<entry> entries;
};

/// The number and the type, no more.
struct stat plain_stat(const node& dir, const raw_entry& e) {
    struct stat st {};
    st.st_ino = dir.is_root() && !std::strcmp(e.name, "..") ? dir.ino : e.ino;  // never the store's surroundings
    st.st_mode = static_cast<mode_t>(e.type) << 12;
    return st;
}

/// The entries from `off` on, as many as fit into `room`. Among the calls on names.
int read_names(const node& dir, directory_stream& d, off_t off, std::size_t room, listing& out) {
    out.answer.resize(room);
    std::size_t used = 0;
    int more = 0;
    while ((more = entry_at(d, off)) > 0) {
        const raw_entry& e = current(d);
        const struct stat st = plain_stat(dir, e);
        const std::size_t need = fuse_add_direntry(nullptr, out.answer.data() + used, room - used, e.name, &st, e.next);
        if (need > room - used) break;
        used += need;
        step(d);
        off = d.position;
    }
    out.answer.resize(used);
    return more < 0 && used == 0 ? -more : 0;
}

/// The same, each looked up.
int look_up_entries(storage::directory_store& store, node& dir, directory_stream& d, off_t off, std::size_t room,
                    listing& out) {
    int more = 0;
    while ((more = entry_at(d, off)) > 0) {
        const raw_entry& e = current(d);
        const std::size_t need = fuse_add_direntry_plus(nullptr, nullptr, 0, e.name, nullptr, 0);
        if (need > room) break;  // no lookup in vain
        entry one{e.name, plain_stat(dir, e), e.next, nullptr};
        step(d);
        off = d.position;
        if (!is_dot(one.name.c_str())) {
            struct stat st {};
            const int err = store.lookup(dir, one.name.c_str(), one.f, st);
            if (err == ENOENT) continue;  // it went away meanwhile
            if (err)
                one.f = nullptr;
            else
                one.st = st;
        }
        room -= need;
        out.entries.push_back(std::move(one));
    }
    return more < 0 && out.entries.empty() ? -more : 0;
}

void add_looked_up(const impl& s, listing& got, std::size_t size) {
    got.answer.resize(size);
    std::size_t used = 0;
    for (entry& e : got.entries) {
        fuse_entry_param p{};
        if (e.f)
            p = s.entry_for(*e.f, e.st);
        else
            p.attr = e.st;
        used += fuse_add_direntry_plus(nullptr, got.answer.data() + used, size - used, e.name.c_str(), &p, e.next);
    }
    got.answer.resize(used);
}

sched::task<> read_entries(impl& s, request& r, open_directory& d, std::size_t size, off_t off, bool plus) {
    if (!s.admit(r, plus ? "READDIRPLUS" : "READDIR")) co_return;
    node& dir = *d.f;
    if (s.fs.may_fault(storage::device_op::readdir))
        if (co_await s.fails(r, storage::device_op::readdir, dir)) co_return;
    auto reading = s.fs.calls().names<listing>("readdir", [&dir, stream = d.stream, size, off, plus](
                                                              storage::directory_store& store, listing& out) {
        return plus ? look_up_entries(store, dir, *stream, off, size, out) : read_names(dir, *stream, off, size, out);
    });
    auto got = co_await reading;
    if (got.err) {
        r.error(got.err);
        co_return;
    }
    if (plus) add_looked_up(s, got.out, size);
    if (r.bytes(got.out.answer.data(), got.out.answer.size()) == 0) co_return;
    for (const entry& e : got.out.entries)
        if (e.f) s.fs.forget(*e.f, 1);  // the caller was killed: the kernel has taken none
}

sched::task<> opendir(impl& s, request& r, node& f, fuse_file_info fi) {
    if (!s.admit(r, "OPENDIR")) co_return;
    auto opening = s.fs.calls().names<storage::shared_fd>(
        "open", [&f](storage::directory_store& store, storage::shared_fd& fd) { return store.open_directory(f, fd); });
    auto got = co_await opening;
    if (got.err) {
        r.error(got.err);
        co_return;
    }
    auto stream = std::make_shared<directory_stream>();
    stream->fd = std::move(got.out);
    auto* const h = new open_directory{&f, std::move(stream)};
    s.fs.ref(f);
    ++s.count.open_files;
    s.directories.insert(h);
    fi.fh = reinterpret_cast<std::uint64_t>(h);
    if (s.fs.is_private() && s.faults.rules().empty()) fi.cache_readdir = fi.keep_cache = 1;  // nobody else changes it
    if (r.opened(fi) != 0) s.drop_handle(h);  // interrupted: no RELEASEDIR will come
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "opendir", [&](request& r) { return opendir(s, r, s.known(ino), *fi); });
}

void op_releasedir(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve_now(req, "releasedir", [&](request& r) {
        ++s.count.requests;
        open_directory* const d = &handle(fi);
        if (s.interrupted.any_gone())
            s.interrupted.later([&s, d] { s.drop_handle(d); });
        else
            s.drop_handle(d);
        r.error(0);
    });
}

void op_readdir(fuse_req_t req, fuse_ino_t, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "readdir", [&](request& r) { return read_entries(s, r, handle(fi), size, off, false); });
}

void op_readdirplus(fuse_req_t req, fuse_ino_t, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "readdir", [&](request& r) { return read_entries(s, r, handle(fi), size, off, true); });
}

sched::task<> fsyncdir(impl& s, request& r, node& f) {
    if (s.admit(r, "FSYNCDIR")) r.error(co_await s.fs.fsync_directory(f));
}

void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int, fuse_file_info*) {
    impl& s = impl::of(req);
    s.serve(req, "fsyncdir", [&](request& r) { return fsyncdir(s, r, s.known(ino)); });
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
