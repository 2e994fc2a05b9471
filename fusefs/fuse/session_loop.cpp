// The loop's side of a session: requests come from the device and go to libfuse, answers go back.
#include "fusefs/fuse/session_impl.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <linux/fuse.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unistd.h>

namespace drainlab::fuse {

namespace {

constexpr int requests_per_turn = 32;                             // then the other descriptors get their turn
constexpr std::size_t page = 4096, longest_request = page * 258;  // a write of 1 MiB, and libfuse's page for headers
/// So that what is written begins with a page: then the kernel copies page by page, here and
/// into the store. In any other place each page is two pieces, and copied at half the speed.
constexpr std::size_t before_data = sizeof(fuse_in_header) + sizeof(fuse_write_in);

// libfuse reads and writes through these, so that kill_request sees what goes by.
ssize_t device_writev(int fd, iovec* iov, int count, void* data) {
    session::impl& s = *static_cast<session::impl*>(data);
    s.raw.answer(iov, count);
    s.faults.on_answer(iov, count);
    if (const std::size_t kept = s.kept_back.keep(iov, count)) return static_cast<ssize_t>(kept);
    if (!s.kept_back.empty()) s.kept_back.write_all(fd);  // answers go out in the order in which they were given
    const ssize_t sent = ::writev(fd, iov, count);
    s.faults.on_answered(iov, sent >= 0);
    return sent;
}
ssize_t device_read(int fd, void* buffer, std::size_t size, void* data) {
    const ssize_t got = ::read(fd, buffer, std::min(size, longest_request));
    if (got <= 0) return got;
    return static_cast<ssize_t>(static_cast<session::impl*>(data)->raw.read(buffer, static_cast<std::size_t>(got)));
}

/// One receive buffer for all sessions: one loop thread, one request at a time.
fuse_buf& receive_buffer() {
    static fuse_buf buffer{};
    if (!buffer.mem) {
        auto* const pages = static_cast<char*>(std::aligned_alloc(page, page + longest_request));
        if (!pages) throw std::bad_alloc{};
        buffer.mem = pages + page - before_data;
    }
    return buffer;
}

}  // namespace

bool session::impl::make_libfuse_session() {
    fuse_lowlevel_ops ops{};
    add_session_operations(ops);
    add_lookup_operations(ops);
    add_attribute_operations(ops);
    add_name_operations(ops);
    add_open_operations(ops);
    add_data_operations(ops);
    add_directory_operations(ops);
    add_xattr_operations(ops);
    char name[] = "drainfs";
    char* argv[] = {name, nullptr};
    fuse_args args = FUSE_ARGS_INIT(1, argv);
    se = fuse_session_new(&args, &ops, sizeof ops, this);
    fuse_opt_free_args(&args);
    fuse_custom_io through{};
    through.writev = device_writev;
    through.read = device_read;
    return se && fuse_session_custom_io(se, &through, mount.fuse.get()) == 0;
}

void session::impl::wait_for_request() {
    device.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, token = alive](const boost::system::error_code& error) {
                          if (!*token || error == boost::asio::error::operation_aborted || ended) return;
                          serve_some();
                      });
}

/// Another look without being told costs a fifth of what it saves where it
/// finds a request: it is taken as long as one in five does, and now and then.
void session::impl::serve_some() {
    for (int served = 0; served < requests_per_turn; ++served) {
        if (served > 0 && hope == 0 && ++lone_turns % 8 != 0) break;
        const bool found = serve_one();
        if (served > 0) hope = found ? std::min(hope + 4, 16) : std::max(hope - 1, 0);
        if (!found) break;
    }
    kept_back.write_all(fuse_session_fd(se));
    if (!ended) wait_for_request();
}

bool session::impl::serve_one() {
    if (ended) return false;
    fuse_buf& buffer = receive_buffer();
    int got = fuse_session_receive_buf(se, &buffer);
    if (!kept_back.empty() && !kept_back.may_wait_for(buffer.mem, got > 0 ? static_cast<std::size_t>(got) : 0)) {
        kept_back.write_all(fuse_session_fd(se));
        if (got == -EAGAIN && hope > 0) got = fuse_session_receive_buf(se, &buffer);  // from those just woken
    }
    if (got > 0) {
        const auto size = static_cast<std::size_t>(got);
        if (faults.idle()) {
            if (hope > 0 && kept_answers::is_short(buffer.mem, size)) kept_back.begin();
            fuse_session_process_buf(se, &buffer);
            kept_back.end();
        } else if (!faults.takes(buffer.mem, size, raw.kills(), work)) {
            fuse_session_process_buf(se, &buffer);
        }
        return true;
    }
    if (got == -EINTR) return true;
    if (got != -EAGAIN) end();  // 0: ENODEV, the superblock is gone; else the connection was aborted
    return false;
}

void session::impl::process(std::vector<char>& bytes, bool kills) {
    fuse_in_header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    raw.recall(kills, header.unique);
    fuse_buf buffer{};
    buffer.mem = bytes.data();
    buffer.size = bytes.size();
    fuse_session_process_buf(se, &buffer);
}

int session::impl::answer(const void* bytes, std::size_t size) {
    ++count.requests;  // that no handler sees
    return ::write(fuse_session_fd(se), bytes, size) < 0 ? -errno : 0;
}

void session::impl::end() {
    if (std::exchange(ended, true)) return;
    device.release();
    boost::asio::post(io, [this, token = alive] {
        if (*token && events.on_end) events.on_end();
    });
}

}  // namespace drainlab::fuse
