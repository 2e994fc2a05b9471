#include "fusefs/fuse/caller.hpp"

#include "fusefs/os/mountinfo.hpp"

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace drainlab::fuse {

namespace {

// linux/pidfd.h since 6.13, which Debian 12's headers lack
constexpr unsigned pidfd_thread = O_EXCL;
struct pidfd_info {
    std::uint64_t mask, cgroupid;
    std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    std::int32_t exit_code;
};
constexpr unsigned long pidfd_get_info = _IOWR(0xFF, 11, pidfd_info);
constexpr std::uint64_t info_cgroupid = 1u << 2;

}  // namespace

storage::unique_fd open_thread(pid_t tid) {
    storage::unique_fd fd{static_cast<int>(::syscall(SYS_pidfd_open, tid, pidfd_thread))};
    if (!fd) fd.reset(static_cast<int>(::syscall(SYS_pidfd_open, tid, 0)));
    return fd;
}

std::optional<std::uint64_t> cgroup_id_of(const storage::unique_fd& thread) {
    pidfd_info info{};
    info.mask = info_cgroupid;
    if (!thread || ::ioctl(thread.get(), pidfd_get_info, &info) != 0 || !(info.mask & info_cgroupid))
        return std::nullopt;
    return info.cgroupid;
}

std::optional<std::uint64_t> recent_threads::cgroup_of(pid_t tid) {
    slot& s = slots_[static_cast<std::size_t>(tid) % slots_.size()];
    if (s.tid == tid)
        if (const auto id = cgroup_id_of(s.fd)) return id;
    s.fd = open_thread(tid);
    s.tid = tid;
    return cgroup_id_of(s.fd);
}

pid_t process_of(pid_t tid) {
    constexpr std::string_view label = "Tgid:";
    std::ifstream status{"/proc/" + std::to_string(tid) + "/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(label)) return static_cast<pid_t>(std::strtol(line.c_str() + label.size(), nullptr, 10));
    return 0;
}

std::vector<gid_t> parse_groups(std::istream& status) {
    constexpr std::string_view label = "Groups:";
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(label)) continue;
        std::istringstream numbers{line.substr(label.size())};
        return {std::istream_iterator<gid_t>{numbers}, {}};
    }
    return {};
}

std::vector<gid_t> supplementary_groups_of(pid_t tid) {
    std::ifstream status{"/proc/" + std::to_string(tid) + "/status"};
    return parse_groups(status);
}

bool parse_cap_fsetid(std::istream& status) {
    constexpr std::string_view key = "CapEff:";
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 16) >> CAP_FSETID & 1;
    return false;
}

bool has_cap_fsetid(pid_t tid) {
    const std::string base = "/proc/" + std::to_string(tid);
    struct stat theirs {
    }, ours{};
    if (::stat((base + "/ns/user").c_str(), &theirs) != 0 || ::stat("/proc/self/ns/user", &ours) != 0) return false;
    if (theirs.st_ino != ours.st_ino) return false;
    std::ifstream status{base + "/status"};
    return parse_cap_fsetid(status);
}

std::uint64_t parse_pending_signals(std::istream& status) {
    std::uint64_t pending = 0, blocked = 0;
    for (std::string line; std::getline(status, line);) {
        const std::string_view key{line.data(), std::min<std::size_t>(line.size(), 7)};
        const auto mask = [&] { return std::strtoull(line.c_str() + 7, nullptr, 16); };
        if (key == "SigPnd:" || key == "ShdPnd:") pending |= mask();
        if (key == "SigBlk:") blocked = mask();
    }
    return pending & ~blocked;
}

std::optional<std::uint64_t> pending_signals_of(pid_t tid) {
    std::ifstream status{"/proc/" + std::to_string(tid) + "/status"};
    if (!status) return std::nullopt;
    return parse_pending_signals(status);
}

std::optional<std::string> parse_cgroup_path(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with("0::/")) {
            std::string path{line.substr(3)};
            constexpr std::string_view gone = " (deleted)";  // a zombie in a removed cgroup
            if (path.ends_with(gone)) path.resize(path.size() - gone.size());
            return path;
        }
        at = end + 1;
    }
    return std::nullopt;
}

std::optional<std::string> cgroup_path_of(pid_t tid) {
    const storage::unique_fd fd{::open(("/proc/" + std::to_string(tid) + "/cgroup").c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return std::nullopt;
    std::string text(16 * 1024, '\0');
    const ssize_t n = ::read(fd.get(), text.data(), text.size());
    return n > 0 ? parse_cgroup_path(std::string_view{text}.substr(0, static_cast<std::size_t>(n))) : std::nullopt;
}

std::optional<std::uint64_t> cgroup_id_at(const std::filesystem::path& directory) {
    struct stat st {};
    if (::stat(directory.c_str(), &st) != 0) return std::nullopt;
    return st.st_ino;
}

std::filesystem::path cgroup2_root() {
    for (const auto& m : os::read_mountinfo())
        if (m.fstype == "cgroup2") return m.dir;
    return {};
}

}  // namespace drainlab::fuse
