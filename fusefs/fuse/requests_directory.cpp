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

/// One entry on its way to the kernel. `f` is null where the kernel is to look it up itself.
struct entry {
    std::string name;
    struct stat st {};
    off_t next{};
    node* f{};
};

std::size_t room_for(const char* name, bool plus) {
    return plus ? fuse_add_direntry_plus(nullptr, nullptr, 0, name, nullptr, 0)
                : fuse_add_direntry(nullptr, nullptr, 0, name, nullptr, 0);
}

/// The entries from `off` on, as many as fit into `room`. Among the calls on names.
int read_some(storage::directory_store& store, node& dir, directory_stream& d, off_t off, std::size_t room, bool plus,
              std::vector<entry>& out) {
    int more = 0;
    while ((more = entry_at(d, off)) > 0) {
        const raw_entry& e = current(d);
        const std::size_t need = room_for(e.name, plus);
        if (need > room) break;  // no lookup in vain
        entry one{e.name, {}, e.next, nullptr};
        one.st.st_ino =
            dir.is_root() && !std::strcmp(e.name, "..") ? dir.ino : e.ino;  // never the store's surroundings
        one.st.st_mode = static_cast<mode_t>(e.type) << 12;
        step(d);
        off = d.position;
        if (plus && !is_dot(one.name.c_str())) {
            struct stat st {};
            const int err = store.lookup(dir, one.name.c_str(), one.f, st);
            if (err == ENOENT) continue;  // it went away meanwhile
            if (err)
                one.f = nullptr;
            else
                one.st = st;
        }
        room -= need;
        out.push_back(std::move(one));
    }
    return more < 0 && out.empty() ? -more : 0;
}

std::vector<char> for_kernel(const impl& s, std::vector<entry>& entries, std::size_t size, bool plus) {
    std::vector<char> out(size);
    std::size_t used = 0;
    for (entry& e : entries) {
        fuse_entry_param p{};
        if (e.f)
            p = s.entry_for(*e.f, e.st);
        else
            p.attr = e.st;
        const auto add = [&](auto f, const auto* what) {
            used += f(nullptr, out.data() + used, size - used, e.name.c_str(), what, e.next);
        };
        plus ? add(fuse_add_direntry_plus, &p) : add(fuse_add_direntry, &e.st);
    }
    out.resize(used);
    return out;
}

sched::task<> read_entries(impl& s, request& r, open_directory& d, std::size_t size, off_t off, bool plus) {
    if (!s.admit(r, plus ? "READDIRPLUS" : "READDIR")) co_return;
    node& dir = *d.f;
    if (s.fs.may_fault(storage::device_op::readdir))
        if (const int err = co_await s.fs.fault(storage::device_op::readdir, dir)) {
            r.error(err);
            co_return;
        }
    auto reading = s.fs.calls().names<std::vector<entry>>(
        "readdir", [&dir, stream = d.stream, size, off, plus](storage::directory_store& store, auto& out) {
            return read_some(store, dir, *stream, off, size, plus, out);
        });
    auto got = co_await reading;
    if (got.err) {
        r.error(got.err);
        co_return;
    }
    const auto bytes = for_kernel(s, got.out, size, plus);
    if (r.bytes(bytes.data(), bytes.size()) == 0) co_return;
    for (const entry& e : got.out)
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
