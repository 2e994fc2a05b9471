// What request handlers ask of their session, and its end.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>
#include <new>
#include <system_error>
#include <unistd.h>

namespace drainlab::fuse {

session::impl::~impl() {
    *alive = false;
    answer_kept();
    requests.answer_all(EIO);
    faults.answer_all();
    work.abandon();
    for (open_file* h : files) delete h;  // without a gate the kernel may drop their RELEASE with the connection
    for (open_directory* d : directories) delete d;
    if (device.is_open()) device.release();  // libfuse closes it
    if (se) fuse_session_destroy(se);
}

bool session::impl::admit(request& r, const char* what, bool changes) {
    ++count.requests;
    const pid_t tid = r.caller().pid;
    if (tid) host.cpus.note_caller(static_cast<std::uint64_t>(tid));
    if (!dying) {
        if (!changes || !fs.read_only()) return true;
        r.error(EROFS);  // remounted read-write: but the store is shared with others that only read
        return false;
    }
    r.error(EIO);
    if (events.on_violation)
        events.on_violation(std::string{what} + " of thread " + std::to_string(tid) + " after shutdown had begun");
    return false;
}

sched::task<bool> session::impl::fails(request& r, storage::device_op what, storage::node& f, const char* name) {
    const int err = co_await fs.fault(what, f, name);
    if (err) r.error(err);
    co_return err != 0;
}

int session::impl::trouble(std::string_view what, const std::exception_ptr& thrown) const noexcept {
    int err = EIO;
    try {
        std::string why = "an unknown exception";
        try {
            std::rethrow_exception(thrown);
        } catch (const std::bad_alloc&) {
            err = ENOMEM;
            why = "out of memory";
        } catch (const std::system_error& e) {
            if (e.code().value() > 0 && e.code().value() < 4096) err = e.code().value();
            why = e.what();
        } catch (const std::exception& e) { why = e.what(); } catch (...) {
        }
        if (events.on_trouble)
            events.on_trouble(std::string{what} + ": " + why + "; the caller gets " + storage::errno_name(err));
    } catch (...) {  // no memory for words
    }
    return err;
}

kernel::memcg_ptr session::impl::payer(const request& r) {
    if (auto m = callers.of(r.caller().pid)) return m;
    ++count.unknown_caller;
    return host.root_memcg;
}

void session::impl::may_be_interrupted(request& r, fuse_req_t req) {
    if (fuse_req_interrupted(req))
        return interrupted.arrived(r);  // libfuse would call us under a lock of `req`, which an answer frees
    const auto arrived = [](fuse_req_t which, void* data) {
        impl::of(which).interrupted.arrived(*static_cast<request*>(data));
    };
    fuse_req_interrupt_func(req, arrived, &r);
}

sched::task<std::string> session::impl::path_of(std::uint64_t node, std::string name) {
    storage::node& f = known(node);
    auto path_call = fs.calls().names<std::string>("path of a file", [&f, name](storage::directory_store&, auto& out) {
        out = storage::path_in_mount(f, name.empty() ? nullptr : name.c_str());
        return 0;
    });
    const auto got = co_await path_call;
    co_return got.out;
}

}  // namespace drainlab::fuse
