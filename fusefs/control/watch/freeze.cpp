#include "fusefs/control/watch/freeze.hpp"

#include "fusefs/fuse/caller.hpp"
#include "fusefs/os/when_readable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <spdlog/spdlog.h>

#include <linux/fuse.h>
#include <sys/inotify.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <unistd.h>

namespace drainlab::control {

namespace asio = boost::asio;

struct freeze_release::events {
    explicit events(asio::io_context& io) : fd{io} {}
    asio::posix::stream_descriptor fd;
    std::vector<int> watches;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);

    void hear() {
        os::when_readable(
            [this, token = alive] { return *token ? &fd : nullptr; },
            [this] {
                char some[4096];
                while (::read(fd.native_handle(), some, sizeof some) > 0) {}
                spdlog::info("a freeze or a thaw of our cgroup was asked for: what was held is held again");
                hear();
            });
    }
    ~events() { *alive = false; }
};

struct freeze_release::answer {
    fuse_out_header header{};
};

namespace {

constexpr unsigned entries = 64;
constexpr std::uint64_t of_poll = 1ull << 62, of_cancel = 1ull << 63;  // in user_data; without: of the answer

std::string own_cgroups() {
    std::ifstream in{"/proc/self/cgroup"};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

std::vector<std::string> freezing_folders(const std::string& root, const std::string& own) {
    std::vector<std::string> all;
    if (root.empty() || own.empty() || own.front() != '/' || own.starts_with("/..")) return all;
    all.push_back(root);  // the root of a container's cgroup namespace can be frozen; the machine's has no such file
    for (std::size_t end = 0; own.size() > 1 && end != std::string::npos;) {
        end = own.find('/', end + 1);
        all.push_back(root + own.substr(0, end));
    }
    return all;
}

std::string old_freezer(const std::string& proc_cgroup) {
    const auto at = proc_cgroup.find(":freezer:/");
    if (at == std::string::npos) return {};
    const auto path = proc_cgroup.substr(at + 9, proc_cgroup.find('\n', at) - at - 9);
    return path == "/" ? std::string{} : path;
}

freeze_release::freeze_release(asio::io_context& io) : events_{std::make_unique<events>(io)} {
    if (os::frozen_tasks_work())
        ring_ = os::io_ring::make(entries, why_not_);
    else
        why_not_ = "Linux is older than 6.11";
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0) {
        events_->fd.assign(fd);
        events_->hear();
    } else {
        why_not_ = std::string{"inotify cannot be had ("} + std::strerror(errno) + ")";
        ring_.reset();
    }
    look_where_we_are();
}

/// What the kernel still has ready must not outlive this memory: the ring goes first.
freeze_release::~freeze_release() { ring_.reset(); }

void freeze_release::look_where_we_are() {
    auto now = own_cgroups();
    if (now == where_) return;
    where_ = std::move(now);
    old_freezer_ = old_freezer(where_);
    if (!events_->fd.is_open()) return;
    for (const int old : events_->watches) ::inotify_rm_watch(events_->fd.native_handle(), old);
    events_->watches.clear();
    watch(freezing_folders(fuse::cgroup2_root().string(), fuse::cgroup_path_of(::getpid()).value_or("")));
}

void freeze_release::watch(const std::vector<std::string>& folders) {
    may_be_frozen_ = false;
    for (const auto& folder : folders) {
        const int id = ::inotify_add_watch(events_->fd.native_handle(), (folder + "/cgroup.freeze").c_str(), IN_MODIFY);
        if (id >= 0) events_->watches.push_back(id);
        may_be_frozen_ = may_be_frozen_ || id >= 0 || errno != ENOENT;
        if (id < 0 && errno != ENOENT) why_not_ = folder + "/cgroup.freeze cannot be watched: " + std::strerror(errno);
    }
}

std::uint64_t freeze_release::arm(int device, std::uint64_t unique) {
    if (!ring_) return 0;
    ring_->take_ended([this](std::uint64_t which, std::int32_t) { ready_.erase(which); });
    const std::uint64_t number = ++last_;
    auto a = std::make_unique<answer>();
    a->header = {sizeof(fuse_out_header), -EINTR, unique};
    io_uring_sqe calls[2]{};
    calls[0].opcode = IORING_OP_POLL_ADD;
    calls[0].fd = events_->fd.native_handle();
    calls[0].poll32_events = POLLIN;
    calls[0].flags = IOSQE_IO_LINK;
    calls[0].user_data = number | of_poll;
    calls[1].opcode = IORING_OP_WRITE;
    calls[1].fd = device;
    calls[1].addr = reinterpret_cast<std::uint64_t>(&a->header);
    calls[1].len = sizeof a->header;
    calls[1].user_data = number;
    ready_[number] = std::move(a);
    if (ring_->submit(calls)) return number;
    ready_.erase(number);
    return 0;
}

void freeze_release::disarm(std::uint64_t number) {
    if (!ring_ || number == 0) return;
    io_uring_sqe call{};
    call.opcode = IORING_OP_ASYNC_CANCEL;
    call.addr = number | of_poll;
    call.user_data = number | of_cancel;
    ring_->submit({&call, 1});
    ring_->take_ended([this](std::uint64_t which, std::int32_t) { ready_.erase(which); });
}

std::string freeze_release::warning() const {
    const std::string what = "a freeze of it (a paused container, a suspend) stays FREEZING while a mount is held";
    if (!old_freezer_.empty())
        return "drainfs is in the cgroup v1 freezer " + old_freezer_ + ": " + what + "; use --umount-wait api there";
    if (!may_be_frozen_ || why_not_.empty()) return {};
    return "the cgroup of drainfs can be frozen: " + what + " (" + why_not_ + "); use --umount-wait api there";
}

}  // namespace drainlab::control
