#include "workloads/guest/targets.hpp"

#include "workloads/guest/aim.hpp"
#include "workloads/guest/channel.hpp"
#include "workloads/guest/disks.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::guest {
namespace {

void write_some(const std::string& path, std::size_t bytes) {
    unlink(path.c_str());  // new pages of a file that was truncated are written back by ext4 at close
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const std::string data(4096, 'c');
    for (std::size_t done = 0; fd >= 0 && done < bytes; done += data.size())
        if (write(fd, data.data(), data.size()) < 0) break;
    if (fd >= 0) close(fd);
}

/// A container writes files, which are synced, and exits.
void container_exits(channel& out, const scenario_order& s, const std::string& dir) {
    make_cgroup("container");
    const pid_t pid = fork();
    if (pid == 0) {
        if (!enter_cgroup("container")) _exit(9);
        for (int i = 0; i < s.files; ++i) write_some(dir + "/file" + std::to_string(i), 4096);
        sync();
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (status != 0) out.warn("the container ended with status " + std::to_string(status));
    sync();
    // Dirty data makes the unmount's own sync long, and so the time between its grace period and its drain.
    write_some(dir + "/dirty", static_cast<std::size_t>(s.dirty_kib) * 1024);
}

void mount_tmpfs(channel& out, const std::string& dir) {
    mkdir(dir.c_str(), 0755);
    if (mount("tmpfs", dir.c_str(), "tmpfs", 0, nullptr) != 0)
        out.give_up("mounting tmpfs on " + dir + ": " + std::strerror(errno));
}

/// An overlay whose upper layer lies on the first busy superblock.
void mount_overlay(channel& out, const scenario_order& s, const std::string& dir) {
    const auto upper = burner_dir(0) + "/upper", work = burner_dir(0) + "/work";
    for (const auto& d : {std::string("/lower"), upper, work, dir}) mkdir(d.c_str(), 0755);
    if (const int error = load_module("overlay")) out.warn(std::string("module overlay: ") + std::strerror(error));
    auto options = "lowerdir=/lower,upperdir=" + upper + ",workdir=" + work;
    // A volatile mount leaves a mark that the next one, volatile or not, refuses.
    const std::string incompat = work + '/' + "work/incompat";
    unlink((incompat + "/volatile/dirty").c_str());
    rmdir((incompat + "/volatile").c_str());
    rmdir(incompat.c_str());
    if (s.is_volatile) options += ",volatile";
    if (mount("overlay", dir.c_str(), "overlay", 0, options.c_str()) != 0)
        out.give_up("mounting an overlay: " + std::string(std::strerror(errno)) +
                    (errno == ENODEV ? " (the kernel has neither CONFIG_OVERLAY_FS nor a module overlay)" : ""));
    write_some(dir + "/file", 65536);
    // What others have written on the upper filesystem is what makes this unmount slow.
    if (s.dirty_kib > 0) write_some(burner_dir(0) + "/others", static_cast<std::size_t>(s.dirty_kib) * 1024);
}

}  // namespace

std::string burner_dir(int i) { return "/busy" + std::to_string(i); }

std::vector<std::string> mount_targets(channel& out, const scenario_order& s) {
    std::vector<std::string> dirs;
    for (int i = 0; i < s.at_once; ++i) {
        dirs.push_back("/target" + std::to_string(i));
        if (s.load == load_kind::tmpfs)
            mount_tmpfs(out, dirs.back());
        else if (s.load == load_kind::overlay)
            mount_overlay(out, s, dirs.back());
        else
            mount_disk(out, first_target + i, dirs.back());
        if (s.load == load_kind::container) container_exits(out, s, dirs.back());
    }
    return dirs;
}

void last_moment::pass(const std::vector<std::string>& dirs) {
    if (s_.load == load_kind::container) {
        if (aim_) return aim_->pass([] { remove_cgroup("container"); });
        remove_cgroup("container");
        nap_us(random_.below(std::max(s_.within_ms, 1) * std::int64_t{1000}));
    } else if (s_.load == load_kind::burner) {
        load own(out_, {s_.writes, shape_.drop_pages});
        for (const auto& dir : dirs) own.start(dir);
        nap_us(std::int64_t{s_.burn_ms} * 1000);
    } else {
        nap_us(30'000 + random_.below(20'000));  // the mount's own callbacks are over, the ticks' phase is random
    }
}

}  // namespace drainlab::guest
