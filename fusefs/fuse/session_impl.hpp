// What the request handlers share. Private to fusefs/fuse.
#pragma once
#define FUSE_USE_VERSION 314
#include "fusefs/fuse/identity.hpp"
#include "fusefs/fuse/kill_suidgid.hpp"
#include "fusefs/fuse/mounting.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fuse_lowlevel.h>

#include <unordered_set>

namespace drainlab::fuse {

/// fuse_file_info::fh of a file.
struct open_file {
    storage::node* f;
    kernel::memcg_ptr opener;  ///< pays for what the kernel writes back without saying for whom
    std::uint64_t err_seen;    ///< i_mapping.wb_err_seq when last reported to this handle
};

/// fuse_file_info::fh of a directory.
struct open_directory {
    storage::node* f;
    storage::unique_fd fd;
    std::vector<char> entries = std::vector<char>(32 * 1024);  ///< as getdents64() gave them
    std::size_t used{}, at{};
    off_t position{};  ///< of the next entry to give
};

struct session::impl {
    impl(const environment& env, storage::filesystem& fs, session_events events)
        : io{env.io}, host{env.host}, callers{env.callers}, fs{fs}, events{std::move(events)}, device{env.io} {}
    ~impl();

    // ---- the loop
    void wait_for_request();
    void serve_some();
    /// Reads and processes one request. False: nothing there, or the end.
    bool serve_one();
    void end();
    /// Answers every STATFS that the owner still keeps.
    void answer_kept();

    // ---- for the handlers
    static impl& of(fuse_req_t req) { return *static_cast<impl*>(fuse_req_userdata(req)); }
    /// The node that the kernel knows by this id.
    storage::node& known(fuse_ino_t ino) {
        if (ino == FUSE_ROOT_ID) return fs.store().nodes().root();
        return *reinterpret_cast<storage::node*>(ino);  // NOLINT(performance-no-int-to-ptr): the kernel keeps a number
    }
    fuse_ino_t id_of(storage::node& f) const { return f.is_root() ? FUSE_ROOT_ID : reinterpret_cast<fuse_ino_t>(&f); }
    /// Counts the request. False: answered with EIO, as nothing may come any more.
    bool admit(fuse_req_t req, const char* what);
    /// Whether the emulated device fails this request; then it has been answered.
    bool fails(fuse_req_t req, storage::device_op op, storage::node& f, const char* name = nullptr);
    /// The memcg that pays for this request; never null.
    kernel::memcg_ptr payer(fuse_req_t req);
    static storage::credentials credentials_of(fuse_req_t req) {
        const fuse_ctx* c = fuse_req_ctx(req);
        return {c->uid, c->gid, c->umask};
    }
    /// The caller changes the contents of `f`, and is one whose writes take setuid and setgid bits away (setattr_should_drop_suidgid()).
    void kill_suidgid_of(fuse_req_t req, storage::node& f);
    /// The same where the request does not say whether: as if CAP_FSETID were root's alone.
    void kill_suidgid_unless_root(fuse_req_t req, storage::node& f) {
        if (fuse_req_ctx(req)->uid != 0) kill_suidgid_of(req, f);
    }
    void reply_attr(fuse_req_t req, storage::node& f);
    void reply_entry(fuse_req_t req, storage::node& f, struct stat& st);
    fuse_entry_param entry_for(storage::node& f, struct stat& st) const;
    /// The newest write-back error that this handle has not been told: as with the kernel's errseq_t, each handle is told once, and one
    /// opened after an error that nobody has seen yet is told too. 0 or an errno.
    int unreported_error(open_file& h) const;
    open_file* new_handle(storage::node& f, kernel::memcg_ptr opener);
    void drop_handle(open_file* h);
    void drop_handle(open_directory* d);
    /// Works on a request in a fiber of its own.
    void park(std::string name, sched::task<> body);

    boost::asio::io_context& io;
    kernel::host& host;
    identity& callers;
    storage::filesystem& fs;
    session_events events;
    boost::asio::posix::stream_descriptor device;
    fuse_session* se{};
    new_mount mount;
    bool dying{}, ended{};
    bool busy{};  ///< several requests were waiting at once
    unsigned lone_turns{};
    double entry_timeout{1.0}, attr_timeout{1.0};
    kill_request raw;  ///< what libfuse does not tell of the request being processed
    session_counters count;
    std::unordered_set<open_file*> files;  ///< whose RELEASE has not come
    std::unordered_set<open_directory*> directories;
    struct kept_statfs;
    std::vector<std::weak_ptr<kept_statfs>> kept;
    std::shared_ptr<bool> alive{std::make_shared<bool>(true)};
};

// One function per group of operations; each fills in its part.
void add_name_operations(fuse_lowlevel_ops& ops);
void add_data_operations(fuse_lowlevel_ops& ops);
void add_directory_operations(fuse_lowlevel_ops& ops);
void add_xattr_operations(fuse_lowlevel_ops& ops);
void add_session_operations(fuse_lowlevel_ops& ops);

}  // namespace drainlab::fuse
