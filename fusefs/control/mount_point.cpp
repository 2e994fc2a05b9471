#include "fusefs/control/mount_point.hpp"

#include "fusefs/control/aside.hpp"
#include "fusefs/storage/open_outside.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::control {
namespace {

struct looked_up {
    int err{};
    std::string error;
};

std::string why(const std::string& path, int err) {
    const std::string text = "mount point " + path + ": ";
    if (err == ETIMEDOUT) return text + "the file system that it lies on does not answer";
    if (err == EAGAIN) return text + "no thread can be started to look it up";
    return text + "cannot be looked up: " + std::strerror(err);
}

}  // namespace

std::shared_ptr<os::unique_fd> cached_mount_point(const std::string& path) {
    auto dir = storage::open_cached(path);
    return dir ? std::make_shared<os::unique_fd>(std::move(dir)) : nullptr;
}

void look_up_mount_point(boost::asio::io_context& io, const std::string& path, std::chrono::milliseconds limit,
                         std::function<void(mount_point)> done) {
    static aside_room room;
    if (auto cached = cached_mount_point(path)) return done({std::move(cached), 0, ""});
    const auto found = std::make_shared<looked_up>();
    const auto look = [found, path](int, const std::function<bool()>& wanted) {
        os::unique_fd dir;
        found->err = storage::open_outside(path, O_PATH | O_DIRECTORY, "mount point", dir, found->error);
        return wanted() ? std::move(dir) : os::unique_fd{};
    };
    do_aside(io, room, {}, limit, look, [found, path, done = std::move(done)](int err, os::unique_fd dir) {
        if (dir) return done({std::make_shared<os::unique_fd>(std::move(dir)), 0, ""});
        if (err == 0 && found->err != 0) return done({nullptr, found->err, found->error});
        done({nullptr, err != 0 ? err : EIO, why(path, err != 0 ? err : EIO)});
    });
}

}  // namespace drainlab::control
