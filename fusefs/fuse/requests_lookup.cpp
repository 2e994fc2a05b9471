// Names that the kernel looks up, and nodes that it forgets. Thin: one call on the store, one reply.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>

namespace drainlab::fuse {

using impl = session::impl;
using storage::directory_store;
using storage::node;
using op = storage::device_op;

fuse_entry_param session::impl::entry_for(node& f, struct stat& st) const {
    fs.overlay(f, st);
    fuse_entry_param e{};
    e.ino = id_of(f);
    e.generation = f.generation;
    e.attr = st;
    e.attr_timeout = attr_timeout;
    e.entry_timeout = entry_timeout;
    return e;
}

void session::impl::reply_entry(request& r, node& f, struct stat& st) {
    const fuse_entry_param e = entry_for(f, st);
    if (r.entry(e) != 0) fs.forget(f, 1);  // the caller was killed: the kernel has not taken it
}

namespace {

void reply_lookup(impl& s, request& r, int err, store_entry& found) {
    if (err == ENOENT && s.entry_timeout > 1) {  // nobody else makes names in a private store: the kernel may remember
        fuse_entry_param none{};
        none.entry_timeout = s.entry_timeout;
        r.entry(none);
    } else if (err) {
        r.error(err);
    } else {
        s.reply_entry(r, *found.f, found.st);
    }
}

sched::task<> lookup(impl& s, request& r, node& parent, std::string name) {
    if (!s.admit(r, "LOOKUP")) co_return;
    if (s.fs.may_fault(op::lookup))
        if (co_await s.fails(r, op::lookup, parent, name.c_str())) co_return;
    auto look = s.fs.calls().names<store_entry>(
        "lookup",
        [&parent, name](directory_store& store, store_entry& e) {
            return store.lookup(parent, name.c_str(), e.f, e.st);
        },
        name.c_str());
    auto got = co_await look;
    reply_lookup(s, r, got.err, got.out);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    node& dir = s.known(parent);
    if (s.at_once(op::lookup))
        return s.serve_now(req, "lookup", [&](request& r) {
            if (!s.admit(r, "LOOKUP")) return;
            store_entry e;
            const auto look = [&](directory_store& store) { return store.lookup(dir, name, e.f, e.st); };
            reply_lookup(s, r, s.fs.calls().now(look), e);
        });
    s.serve(req, "lookup", [&](request& r) { return lookup(s, r, dir, name); });
}

void forget(impl& s, node& f, std::uint64_t n) {
    if (s.interrupted.any_gone())
        s.interrupted.later([&s, &f, n] { s.fs.forget(f, n); });
    else
        s.fs.forget(f, n);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, std::uint64_t n) {
    impl& s = impl::of(req);
    s.serve_now(req, "forget", [&](request& r) {
        forget(s, s.known(ino), n);
        r.nothing();
    });
}

void op_forget_multi(fuse_req_t req, std::size_t count, fuse_forget_data* all) {
    impl& s = impl::of(req);
    s.serve_now(req, "forget", [&](request& r) {
        for (std::size_t k = 0; k < count; ++k) forget(s, s.known(all[k].ino), all[k].nlookup);
        r.nothing();
    });
}

}  // namespace

void add_lookup_operations(fuse_lowlevel_ops& ops) {
    ops.lookup = op_lookup;
    ops.forget = op_forget;
    ops.forget_multi = op_forget_multi;
}

}  // namespace drainlab::fuse
