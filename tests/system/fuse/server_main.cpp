// A drainfs without control API and gate, for tests: fusefs/fuse + storage + kernel (profile zero) on one loop.
//
//   fuse_test_server DIR [--store DIR] [--keep] [--dirty BYTES]
//   [--cache BYTES] [--latency US] [--flush US] [--identity session]
//                    [--nofile N] [--deny fsopen|unshare|pidfd_open]... [-o OPT]...
//
// --nofile bounds its own descriptors; --deny makes a system call fail with EPERM, as in a container.
// Prints "ready", then answers each line on standard input with one line on standard output:
//   owners INO   the memcgs that own the pages of the inode, by index: "0=cgroup-a 1=cgroup-b" errors [OP GLOB
//   PROBABILITY ERRNO SEED]...   the device's error rules from now on; answers "ok" observed     of the device:
//   "requests=.. wanted_us=.. took_us=.. flushes=.. flush_wanted_us=.. flush_took_us=.." counters     "requests=..
//   guessed=.. unknown=.. open=.. inodes=.. dirty=.. cached=.. rounds=.. switches=.. descriptors=.. nodes=.. memcgs=.."
// When the mount has gone it shuts the superblock down and ends, printing "dead violations=N"
// (each violation on standard error). When standard input ends it unmounts, and ends likewise.
#include "fusefs/fuse/make_identity.hpp"
#include "fusefs/fuse/mounting.hpp"
#include "fusefs/fuse/session.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/real.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iostream>
#include <sstream>
#include <unistd.h>

namespace {

using namespace drainlab;

struct settings {
    fuse::session_options session;
    storage::filesystem_options fs;
    fuse::identity_choice identity{fuse::identity_choice::automatic};
};

void deny(const std::string& call) {
    const long number = call == "fsopen" ? SYS_fsopen : call == "unshare" ? SYS_unshare : SYS_pidfd_open;
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof code / sizeof code[0], code};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        std::abort();
}

void bound_descriptors(rlim_t most) {
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) std::abort();
}

settings parse(int argc, char** argv) {
    settings s;
    s.session.dir = argv[1];
    s.session.name = "test";
    for (int k = 2; k < argc; ++k) {
        const std::string word = argv[k];
        const auto value = [&] { return std::string{argv[++k]}; };
        if (word == "--store") s.fs.store = value();
        if (word == "--keep") s.fs.mode = storage::cache_mode::keep;
        if (word == "--dirty") s.fs.limits.dirty_bytes = std::stoull(value());
        if (word == "--cache") s.fs.limits.cache_bytes = std::stoull(value());
        if (word == "--latency") s.fs.device.latency = std::chrono::microseconds{std::stoull(value())};
        if (word == "--flush") s.fs.device.flush = std::chrono::microseconds{std::stoull(value())};
        if (word == "--descriptors") s.fs.descriptors = std::stoull(value());
        if (word == "--identity")
            s.identity = value() == "session" ? fuse::identity_choice::session : fuse::identity_choice::cgroup;
        if (word == "--deny") deny(value());
        if (word == "--nofile") bound_descriptors(std::stoull(value()));
        if (word == "-o") s.session.options.push_back(value());
    }
    return s;
}

class server {
  public:
    explicit server(const settings& s) : dir_{s.session.dir}, input_{io_, ::dup(STDIN_FILENO)} {
        std::string error;
        callers_ = fuse::make_identity(s.identity, {}, io_, host_, error);
        back_.assign(::dup(stores_.finished_fd()));
        hear_from_stores();
        sched_.start("mount", mount(s));
    }

    sched::task<> mount(settings s) {
        int err = 0;
        std::string error;
        fs_ = co_await storage::filesystem::make(s.fs, stores_, err, error);
        if (fs_) {
            fs_->set_super(kernel::sget(host_, "test", *fs_, *kernel::find_drain_policy("persb")));
            fuse::session_events events;
            events.on_ready = [] { std::cout << "ready" << std::endl; };
            events.on_end = [this] { sched_.spawn("umount", shutdown()); };
            events.on_violation = [this](const std::string& what) { host_.violated("after_shutdown", what); };
            fuse::new_mount made;
            err = fuse::make_mount(s.session, made, error);
            made.root.reset();
            if (!err)
                session_ =
                    fuse::session::create(std::move(made), {io_, host_, *callers_}, *fs_, std::move(events), error);
        }
        if (!session_) {
            std::cerr << error << std::endl;
            failed_ = err;
            io_.stop();
            co_return;
        }
        read_command();
    }

    void hear_from_stores() {
        back_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& e) {
            if (e) return;
            stores_.run_finished();
            hear_from_stores();
        });
    }

    ~server() { sched_.drop_all(); }  // fibers first: they refer to all the rest

    int run() {
        if (!failed_) io_.run();
        if (failed_) return 2;
        const auto lost = std::count_if(host_.violations.begin(), host_.violations.end(),
                                        [](const auto& v) { return v.invariant == "bytes_lost"; });
        std::cout << "dead violations=" << host_.violations.size() << " bytes_lost=" << lost << std::endl;
        for (const auto& v : host_.violations) std::cerr << v.invariant << ": " << v.message << std::endl;
        return host_.violations.empty() ? 0 : 1;
    }

  private:
    sched::task<> shutdown() {
        co_await session_->prepare_shutdown();
        co_await kernel::deactivate_super(fs_->super());
        session_->close_directories();
        co_await fs_->close_store(sched_.now() + std::chrono::seconds{10});
        boost::asio::post(io_, [this] {
            session_.reset();
            io_.stop();
        });
    }

    void read_command() {
        boost::asio::async_read_until(
            input_, buffer_, '\n', [this](const boost::system::error_code& error, std::size_t) {
                if (error) {
                    ::umount2(dir_.c_str(), MNT_DETACH);  // the kernel needs nothing of us for it
                    return;
                }
                std::istream in{&buffer_};
                std::string line;
                std::getline(in, line);
                answer(line);
                read_command();
            });
    }

    void answer(const std::string& line) {
        std::istringstream words{line};
        std::string word;
        words >> word;
        if (word == "owners") {
            std::uint64_t ino = 0;
            words >> ino;
            const auto& all = fs_->super().s_inodes;
            if (const auto at = all.find(ino); at != all.end())
                for (const auto& [index, folio] : at->second->i_mapping.i_pages)
                    std::cout << index << '=' << folio.cg->name << ' ';
        } else if (word == "errors") {
            set_errors(words);
        } else if (word == "observed") {
            const auto& t = fs_->cache().device.times();
            const auto us = [](std::chrono::nanoseconds ns) { return ns.count() / 1000; };
            std::cout << "requests=" << t.requests.count << " wanted_us=" << us(t.requests.wanted)
                      << " took_us=" << us(t.requests.took) << " flushes=" << t.flushes.count
                      << " flush_wanted_us=" << us(t.flushes.wanted) << " flush_took_us=" << us(t.flushes.took);
        } else {
            const auto c = session_->counters();
            std::cout << "requests=" << c.requests << " guessed=" << c.guessed_bytes << " unknown=" << c.unknown_caller
                      << " open=" << c.open_files << " inodes=" << c.inodes << " parked=" << c.parked
                      << " dirty=" << fs_->cache().dirty_bytes() << " cached=" << fs_->cache().cached_bytes()
                      << " rounds=" << host_.writeback_rounds << " switches=" << host_.switches.done
                      << " descriptors=" << fs_->nodes().open_descriptors() << " nodes=" << fs_->nodes().size()
                      << " memcgs=" << host_.memcgs.size();
        }
        std::cout << std::endl;
    }

    void set_errors(std::istream& words) {
        std::vector<storage::error_rule> rules;
        std::string op, error;
        for (storage::error_rule r; words >> op >> r.path >> r.probability >> error >> r.seed;) {
            r.op = storage::parse_device_op(op).value();
            r.error = storage::parse_errno(error);
            rules.push_back(r);
        }
        fs_->cache().device.errors.set(rules);
        std::cout << "ok";
    }

    std::filesystem::path dir_;
    boost::asio::io_context io_;
    boost::asio::posix::stream_descriptor input_;
    boost::asio::streambuf buffer_;
    sched::real_scheduler sched_{io_};
    kernel::profile profile_{};
    kernel::machine_real machine_{sched_, profile_};
    std::unique_ptr<kernel::rcu> rcu_{kernel::make_rcu(sched_, machine_, profile_)};
    kernel::host host_{sched_, machine_, *rcu_, profile_};
    storage::stores stores_{sched_};
    boost::asio::posix::stream_descriptor back_{io_};
    std::unique_ptr<fuse::identity> callers_;
    std::unique_ptr<storage::filesystem> fs_;
    std::unique_ptr<fuse::session> session_;
    int failed_{};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: fuse_test_server DIR [options]\n";
        return 2;
    }
    server s{parse(argc, argv)};
    return s.run();
}
