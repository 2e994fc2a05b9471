// What the request handlers share. Private to fusefs/fuse.
#pragma once
#include "fusefs/fuse/faults.hpp"
#include "fusefs/fuse/identity.hpp"
#include "fusefs/fuse/interrupts.hpp"
#include "fusefs/fuse/kept_answers.hpp"
#include "fusefs/fuse/kill_suidgid.hpp"
#include "fusefs/fuse/mounting.hpp"
#include "fusefs/fuse/request.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/in_flight.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <unordered_set>

namespace drainlab::fuse {

/// fuse_file_info::fh of a file.
struct open_file {
    storage::node* f;
    kernel::memcg_ptr opener;  ///< pays for what the kernel writes back without saying for whom
    std::uint64_t err_seen;    ///< see file_data::untold_error()
    int untold_error() { return f->data->untold_error(err_seen); }
};

inline open_file& handle_of(const fuse_file_info* fi) {
    return *reinterpret_cast<open_file*>(fi->fh);  // NOLINT(performance-no-int-to-ptr): libfuse keeps it as a number
}

/// A directory being read. Belongs to the calls on names, one after the other.
struct directory_stream {
    storage::shared_fd fd;
    std::vector<char> entries = std::vector<char>(32 * 1024);  ///< as getdents64() gave them
    std::size_t used{}, at{};
    off_t position{};  ///< of the next entry to give
};

/// fuse_file_info::fh of a directory.
struct open_directory {
    storage::node* f;
    std::shared_ptr<directory_stream> stream;
};

/// What the store found, or made.
struct store_entry {
    storage::node* f{};
    struct stat st {};
};

/// A session from within: the libfuse session, its device on the loop, what handlers count and keep. Thread: loop.
struct session::impl final : fault_surroundings {
    impl(const environment& env, storage::filesystem& fs, session_events events)
        : io{env.io},
          host{env.host},
          callers{env.callers},
          fs{fs},
          events{std::move(events)},
          device{env.io},
          interrupted{env.host.sched, fs.calls()} {}
    ~impl() override;

    // ---- the loop: session_loop.cpp
    /// `se`, which reads and writes by way of us. False: libfuse has no more.
    bool make_libfuse_session();
    void wait_for_request();
    void serve_some();
    /// Reads and processes one request. False: nothing there, or the end.
    bool serve_one();
    void end();
    /// Answers every STATFS that the owner still keeps.
    void answer_kept();

    // ---- fault_surroundings
    sched::scheduler& scheduler() override { return host.sched; }
    bool is_spared(pid_t tid) override { return events.is_spared && events.is_spared(tid); }
    sched::task<std::string> path_of(std::uint64_t node, std::string name) override;
    bool delays_metadata() const override { return fs.cache().device.delays_metadata(); }
    sched::instant metadata_until() override { return fs.cache().device.admit(host.sched.now(), 0); }
    void metadata_took(sched::nanoseconds wanted, sched::nanoseconds took) override {
        fs.cache().device.metadata_took(wanted, took);
    }
    void process(std::vector<char>& bytes, bool kills) override;
    int answer(const void* bytes, std::size_t size) override;

    void choose_timeouts();
    void forget_names() const;

    // ---- for the handlers
    static impl& of(fuse_req_t req) { return *static_cast<impl*>(fuse_req_userdata(req)); }
    /// The node that the kernel knows by this id.
    storage::node& known(fuse_ino_t ino) const {
        if (ino == FUSE_ROOT_ID) return fs.root();
        return *reinterpret_cast<storage::node*>(ino);  // NOLINT(performance-no-int-to-ptr): the kernel keeps a number
    }
    fuse_ino_t id_of(storage::node& f) const { return f.is_root() ? FUSE_ROOT_ID : reinterpret_cast<fuse_ino_t>(&f); }
    /// Counts the request. False: it is answered, as nothing may come
    /// any more (EIO), or as it would change what may only be read.
    bool admit(request& r, const char* what, bool changes = false);
    /// A request on `f`, or its entry `name`: whether the emulated device fails it. Then it has been answered.
    sched::task<bool> fails(request& r, storage::device_op what, storage::node& f, const char* name = nullptr);
    /// Whether a call on the store for `what` is answered at once, and nothing makes it fail: no fiber is needed.
    bool at_once(storage::device_op what) const noexcept { return fs.calls().at_once() && !fs.may_fault(what); }
    /// The memcg that pays for this request; never null.
    kernel::memcg_ptr payer(const request& r);
    static storage::credentials credentials_of(const request& r) {
        const fuse_ctx& c = r.caller();
        return {c.uid, c.gid, c.umask};
    }
    /// Whom the kernel asked for, as far as it decides over setuid and setgid bits.
    struct writer {
        pid_t tid;
        uid_t uid;
        gid_t gid;
    };
    static writer writer_of(const request& r) { return {r.caller().pid, r.caller().uid, r.caller().gid}; }
    /// That caller changes the contents or the owner of `f`, and is one whose doing takes setuid and setgid bits away,
    /// as setattr_should_drop_suidgid() says. 0 or an errno: then they are still there, and nothing may be changed.
    sched::task<int> kill_suidgid(storage::node& f, writer by);
    sched::task<> reply_attr(request& r, storage::node& f);
    void reply_entry(request& r, storage::node& f, struct stat& st);
    fuse_entry_param entry_for(storage::node& f, struct stat& st) const;
    open_file* new_handle(storage::node& f, kernel::memcg_ptr opener);
    sched::task<> drop_handle(open_file* h);
    /// False: not without waiting, and it is still there.
    bool drop_handle_now(open_file* h);
    storage::node& take_handle(open_file* h);
    void drop_handle(open_directory* d);

    /// Works on a request: `work(request&)` is a task that runs at once, and as a fiber when it has to
    /// wait. One guard around all of them: what it throws becomes the caller's errno and a line in the log.
    template <class Work>
    void serve(fuse_req_t req, std::string_view what, Work work) noexcept {
        try {
            host.sched.start(what, guarded(*this, request{requests, req}, this->work.enter(), what, std::move(work)));
        } catch (...) { trouble(what, std::current_exception()); }
        if (request* const waits = requests.newest(req)) may_be_interrupted(*waits, req);
    }
    /// From now on a signal sent to its caller may end it.
    void may_be_interrupted(request& r, fuse_req_t req);
    /// The same for what is answered at once, by `work(request&)`.
    template <class Work>
    void serve_now(fuse_req_t req, std::string_view what, Work work) noexcept {
        request r{requests, req};
        try {
            work(r);
        } catch (...) { r.error(trouble(what, std::current_exception())); }
    }
    template <class Work>
    static sched::task<> guarded(impl& s, request r, sched::in_flight::hold, std::string_view what, Work work) {
        r.worked_on_by(s.host.sched.current()->id);
        std::exception_ptr thrown;
        try {
            auto body = work(r);
            co_await body;
        } catch (...) { thrown = std::current_exception(); }
        if (thrown) r.error(s.trouble(what, thrown));
        s.interrupted.over(r);
    }
    /// @return the errno for the caller.
    int trouble(std::string_view what, const std::exception_ptr& thrown) const noexcept;

    boost::asio::io_context& io;
    kernel::host& host;
    identity& callers;
    storage::filesystem& fs;
    session_events events;
    boost::asio::posix::stream_descriptor device;
    fuse_session* se{};
    new_mount mount;
    bool dying{}, ended{};
    int hope{};  ///< that a request is there when one has been answered; 0: next to none
    unsigned lone_turns{};
    double entry_timeout{1.0}, attr_timeout{1.0};
    std::vector<iovec> parts;  ///< of the answer to the READ being processed
    kill_request raw;          ///< what libfuse does not tell of the request being processed
    kept_answers kept_back;    ///< empty outside of serve_some() and serve_one()
    session_counters count;
    drainlab::fuse::faults faults{*this};
    request_list requests;
    interrupts interrupted;
    sched::in_flight work;                 ///< requests being worked on
    std::unordered_set<open_file*> files;  ///< whose RELEASE has not come
    std::unordered_set<open_directory*> directories;
    struct kept_statfs;
    std::vector<std::weak_ptr<kept_statfs>> kept;
    std::shared_ptr<bool> alive{std::make_shared<bool>(true)};
};

// One function per group of operations; each fills in its part.
void add_lookup_operations(fuse_lowlevel_ops& ops);     ///< requests_lookup.cpp
void add_attribute_operations(fuse_lowlevel_ops& ops);  ///< requests_attributes.cpp
void add_name_operations(fuse_lowlevel_ops& ops);       ///< requests_names.cpp
void add_open_operations(fuse_lowlevel_ops& ops);       ///< requests_open.cpp
void add_data_operations(fuse_lowlevel_ops& ops);       ///< requests_data.cpp
void add_directory_operations(fuse_lowlevel_ops& ops);  ///< requests_directory.cpp
void add_xattr_operations(fuse_lowlevel_ops& ops);      ///< requests_xattr.cpp
void add_session_operations(fuse_lowlevel_ops& ops);    ///< requests_session.cpp

}  // namespace drainlab::fuse
