#include "controller/client/holders.hpp"

#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace drainlab::client {

namespace fs = std::filesystem;

namespace {

/// Whether what `link` leads to lies on the device. Asks the kernel's own memory only.
bool lies_on(const std::string& link, const target& what) {
    struct statx s {};
    if (statx(AT_FDCWD, link.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &s) != 0) return false;
    return s.stx_dev_major == what.major && s.stx_dev_minor == what.minor;
}

std::string link_text(const std::string& link) {
    std::error_code ec;
    return fs::read_symlink(link, ec).string();
}

std::uint64_t namespace_of(const std::string& link) {
    const std::string text = link_text(link);  // mnt:[4026531841]
    const auto bracket = text.find('[');
    std::uint64_t inode = 0;
    if (bracket != std::string::npos) std::from_chars(text.data() + bracket + 1, text.data() + text.size(), inode);
    return inode;
}

bool is_number(const std::string& name) {
    return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

/// Looks at one process after the other.
class scan {
  public:
    scan(const target& what, const std::string& proc)
        : what_(what), proc_(proc), ours_(namespace_of(proc + "/self/ns/mnt")) {}

    holders_found run() {
        std::error_code ec;
        for (const auto& entry : fs::directory_iterator(proc_, ec)) {
            const std::string name = entry.path().filename();
            if (is_number(name) && name != std::to_string(getpid())) process(name);
        }
        own_mounts();
        return std::move(found_);
    }

  private:
    void process(const std::string& pid) {
        dir_ = proc_ + "/" + pid;
        pid_ = static_cast<pid_t>(std::strtol(pid.c_str(), nullptr, 10));
        mntns_ = namespace_of(dir_ + "/ns/mnt");
        comm_.clear();
        for (const char* kind : {"cwd", "root"})
            if (lies_on(dir_ + "/" + kind, what_)) add(kind, link_text(dir_ + "/" + kind));
        descriptors();
        const std::string mapped = mapped_path(read_text(dir_ + "/maps"), what_.major, what_.minor);
        if (!mapped.empty()) add("mmap", mapped);
        other_namespace(pid);
    }

    void descriptors() {
        std::error_code ec;
        fs::directory_iterator fds(dir_ + "/fd", ec);
        if (ec == std::errc::permission_denied || ec == std::errc::operation_not_permitted) ++found_.unseen;
        if (ec) return;
        for (; fds != fs::directory_iterator(); fds.increment(ec)) {
            if (lies_on(fds->path(), what_)) add("fd", link_text(fds->path()));
            if (ec) return;
        }
    }

    /// A copy of the mount in another mount namespace; told once for each namespace.
    void other_namespace(const std::string& pid) {
        if (mntns_ == 0 || mntns_ == ours_ || !seen_.insert(mntns_).second) return;
        for (const auto& m : read_mountinfo(pid, proc_))
            if (m.major == what_.major && m.minor == what_.minor) add("namespace", m.dir);
    }

    /// Binds of the same superblock, and mounts below the mount point.
    void own_mounts() {
        const auto mounts = read_mountinfo("self", proc_);
        const auto self = what_.dir.empty() ? std::nullopt : mount_at(mounts, what_.dir);
        for (const auto& m : mounts) {
            const bool same = m.major == what_.major && m.minor == what_.minor;
            if (self && m.id == self->id) continue;
            if (same) found_.holders.push_back({0, m.fstype, "bind", m.dir, ours_});
            if (self && m.parent == self->id) found_.holders.push_back({0, m.fstype, "nested", m.dir, ours_});
        }
    }

    void add(const std::string& kind, std::string path) {
        if (comm_.empty()) {
            comm_ = read_text(dir_ + "/comm");
            if (!comm_.empty() && comm_.back() == '\n') comm_.pop_back();
        }
        found_.holders.push_back({pid_, comm_, kind, std::move(path), mntns_});
    }

    const target& what_;
    const std::string& proc_;
    std::uint64_t ours_, mntns_ = 0;
    pid_t pid_ = 0;
    std::string dir_, comm_;
    std::set<std::uint64_t> seen_;
    holders_found found_;
};

}  // namespace

std::string mapped_path(std::string_view maps, unsigned major, unsigned minor) {
    const std::string device = fmt::format(" {:02x}:{:02x} ", major, minor);
    while (!maps.empty()) {
        const auto end = std::min(maps.find('\n'), maps.size());
        const std::string_view line = maps.substr(0, end);
        // address perms offset dev inode path: the device stands before the first slash
        const auto at = line.find(device), slash = line.find('/');
        if (at != std::string_view::npos && slash != std::string_view::npos && at < slash)
            return std::string(line.substr(slash));
        maps.remove_prefix(std::min(end + 1, maps.size()));
    }
    return {};
}

holders_found find_holders(const target& what, const std::string& proc) { return scan(what, proc).run(); }

std::string describe(const holder& h) {
    if (h.kind == "bind") return "bind mount " + h.path;
    if (h.kind == "nested") return fmt::format("{} mounted on {}", h.comm, h.path);
    if (h.kind == "namespace")
        return fmt::format("mount namespace {} (pid {}, {}): {}", h.mntns, h.pid, h.comm, h.path);
    return fmt::format("pid {} ({}): {} {}", h.pid, h.comm, h.kind, h.path);
}

std::string describe_unseen(int unseen) {
    if (unseen == 0) return {};
    return fmt::format("{} process{} could not be looked at (not ours, or more privileged)", unseen,
                       unseen == 1 ? "" : "es");
}

}  // namespace drainlab::client
