#include "controller/real/umount_call.hpp"

#include "controller/machine/unmount.hpp"
#include "controller/real/child.hpp"
#include "controller/real/until_readable.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::real {
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

asio::awaitable<timing> by_syscall(asio::any_io_executor executor, std::string dir) {
    auto started = machine::unmount_call::start(dir, machine::unmount_kind::plain);
    if (!started) co_return started.error();
    auto& call = started.value();
    asio::posix::stream_descriptor returned{executor, fcntl(call.fd(), F_DUPFD_CLOEXEC, 3)};
    if (const auto ec = co_await until_readable(returned)) throw boost::system::system_error{ec};  // cancelled
    const auto done = call.wait(std::chrono::milliseconds(1'000));
    if (done.error != 0 && done.error != EBUSY) co_return client::system_failure("umount2 " + dir, done.error);
    const umount_timing t{static_cast<std::uint64_t>(done.started.count()),
                          static_cast<std::uint64_t>(done.took.count()), done.error == EBUSY};
    co_return t;
}

}  // namespace

asio::awaitable<timing> timed_umount(asio::any_io_executor executor, umount_way way, std::string dir,
                                     std::string scratch) {
    if (way == umount_way::syscall) return by_syscall(executor, std::move(dir));
    return by_program(executor, std::move(dir), std::move(scratch));
}

}  // namespace drainlab::real
