#include "fusefs/gate/detach_events.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <linux/fanotify.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace drainlab::gate {
namespace {

namespace asio = boost::asio;

// include/uapi/linux/fanotify.h, Linux 6.15; not in Debian 12's headers.
constexpr unsigned fan_report_mnt = 0x4000;
constexpr unsigned fan_mark_mntns = 0x110;
constexpr std::uint64_t fan_mnt_detach = 0x02000000;
constexpr unsigned char fan_event_info_type_mnt = 7;
struct event_info_mnt {
    fanotify_event_info_header hdr;
    std::uint64_t mnt_id;
};

/// Reads the descriptor whenever it is ready, as long as the owner lives.
class source_base : public detach_events {
  protected:
    source_base(asio::io_context& io, int fd, callback on_detach) : fd_{io, fd}, on_detach_{std::move(on_detach)} {}
    ~source_base() override { *alive_ = false; }

    void listen(asio::posix::stream_descriptor::wait_type what) {
        fd_.async_wait(what, [this, what, alive = alive_](const boost::system::error_code& error) {
            if (error || !*alive) return;
            poll();
            if (*alive) listen(what);
        });
    }

    asio::posix::stream_descriptor fd_;
    callback on_detach_;

  private:
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class fanotify_source final : public source_base {
  public:
    fanotify_source(asio::io_context& io, int fd, callback on_detach) : source_base{io, fd, std::move(on_detach)} {
        listen(asio::posix::stream_descriptor::wait_read);
    }
    source kind() const override { return source::fanotify; }

    void poll() override {
        alignas(8) char buffer[4096];
        for (;;) {
            const ssize_t got = read(fd_.native_handle(), buffer, sizeof buffer);
            if (got <= 0) return;
            deliver(buffer, static_cast<std::size_t>(got));
        }
    }

  private:
    void deliver(const char* bytes, std::size_t left) {
        fanotify_event_metadata event;
        while (left >= sizeof event) {
            std::memcpy(&event, bytes, sizeof event);
            if (event.event_len < sizeof event || event.event_len > left) return;
            if ((event.mask & FAN_Q_OVERFLOW) != 0) on_detach_(0, 0);
            if ((event.mask & fan_mnt_detach) != 0)
                deliver_one(bytes + event.metadata_len, event.event_len - event.metadata_len, event.pid);
            bytes += event.event_len;
            left -= event.event_len;
        }
    }
    void deliver_one(const char* bytes, std::size_t length, pid_t tid) {
        event_info_mnt info;
        if (length < sizeof info) return;
        std::memcpy(&info, bytes, sizeof info);
        if (info.hdr.info_type == fan_event_info_type_mnt) on_detach_(info.mnt_id, tid);
    }
};

class mountinfo_source final : public source_base {
  public:
    mountinfo_source(asio::io_context& io, int fd, callback on_detach) : source_base{io, fd, std::move(on_detach)} {
        listen(asio::posix::stream_descriptor::wait_error);  // POLLPRI | POLLERR after every change of the table
    }
    source kind() const override { return source::mountinfo; }
    /// epoll has acknowledged the change already when it tells us, so there is nothing left to ask the descriptor.
    void poll() override { on_detach_(0, 0); }
};

int open_fanotify() {
    constexpr unsigned plain = fan_report_mnt | FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC;
    int fd = static_cast<int>(syscall(SYS_fanotify_init, plain | FAN_REPORT_TID, 0));
    if (fd < 0) fd = static_cast<int>(syscall(SYS_fanotify_init, plain, 0));
    if (fd < 0) return -1;
    const int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    const long marked = syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD | fan_mark_mntns, fan_mnt_detach, ns, nullptr);
    close(ns);
    if (marked == 0) return fd;
    close(fd);
    return -1;
}

}  // namespace

std::unique_ptr<detach_events> detach_events::start(asio::io_context& io, callback on_detach, bool try_fanotify) {
    if (const int fd = try_fanotify ? open_fanotify() : -1; fd >= 0)
        return std::make_unique<fanotify_source>(io, fd, std::move(on_detach));
    const int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    return std::make_unique<mountinfo_source>(io, fd, std::move(on_detach));
}

}  // namespace drainlab::gate
