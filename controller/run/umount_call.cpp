#include "controller/run/umount_call.hpp"

#include "controller/client/process.hpp"
#include "controller/run/child.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/mount.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::run {
namespace {

namespace asio = boost::asio;
using timing = client::result<umount_timing>;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                      std::chrono::nanoseconds(1));
}

std::vector<std::string> words_for(const std::string& dir) {
    if (geteuid() == 0) return {"umount", dir};
    return {"fusermount3", "-u", dir};
}

asio::awaitable<timing> by_program(asio::any_io_executor executor, std::string dir, std::string scratch) {
    const std::string errors = scratch + "/" + std::filesystem::path(dir).filename().string() + ".umount";
    umount_timing t;
    t.called_ns = now_ns();
    auto started = child::start(executor, words_for(dir), errors);
    if (!started) co_return started.error();
    auto& program = started.value();
    const int code = co_await program.exited();
    t.took_ns = now_ns() - t.called_ns;
    const auto said = program.last_words();
    unlink(errors.c_str());
    if (code == 0) co_return t;
    t.busy = said.find("busy") != std::string::npos;
    if (t.busy) co_return t;
    co_return client::failure{"umount_failed",
                              "umount " + dir + " ended with " + std::to_string(code) + ": " + said,
                              {},
                              client::exit_code::broken,
                              0};
}

struct answer {
    int error = 0;
    std::uint64_t called_ns = 0, took_ns = 0;
};

/// A forked child of ours: makes the call, writes the answer, ends.
[[noreturn]] void call(const std::string& dir, int fd) {
    answer a;
    a.called_ns = now_ns();
    a.error = umount2(dir.c_str(), UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
    a.took_ns = now_ns() - a.called_ns;
    _exit(write(fd, &a, sizeof a) == static_cast<ssize_t>(sizeof a) ? 0 : 1);
}

asio::awaitable<timing> by_syscall(asio::any_io_executor executor, std::string dir) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) co_return client::system_failure("pipe", errno);
    const pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        call(dir, ends[1]);
    }
    close(ends[1]);
    asio::posix::stream_descriptor from{executor, ends[0]};
    if (pid < 0) co_return client::system_failure("fork", errno);
    answer a;
    boost::system::error_code ec;
    const auto got =
        co_await from.async_read_some(asio::buffer(&a, sizeof a), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) kill(pid, SIGKILL);
    client::wait_child(pid, std::chrono::milliseconds(1'000));
    if (ec || got != sizeof a)
        co_return client::system_failure("umount2 " + dir + " in a child", ec ? ec.value() : EIO);
    if (a.error != 0 && a.error != EBUSY) co_return client::system_failure("umount2 " + dir, a.error);
    const umount_timing t{a.called_ns, a.took_ns, a.error == EBUSY};
    co_return t;
}

}  // namespace

asio::awaitable<timing> timed_umount(asio::any_io_executor executor, umount_way way, std::string dir,
                                     std::string scratch) {
    if (way == umount_way::syscall) return by_syscall(executor, std::move(dir));
    return by_program(executor, std::move(dir), std::move(scratch));
}

}  // namespace drainlab::run
