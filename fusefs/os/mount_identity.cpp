#include "fusefs/os/mount_identity.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace drainlab::os {

namespace {

// include/uapi/linux/stat.h and mount.h, Linux 5.8 to 6.8; not all in Debian 12's headers
constexpr unsigned statx_mnt_id = 0x1000, statx_mnt_id_unique = 0x4000;
constexpr long statmount_number = 457, listmount_number = 458;  // on every architecture
constexpr std::uint64_t statmount_sb_basic = 1, statmount_mnt_basic = 2, statmount_mnt_point = 0x10,
                        statmount_fs_type = 0x20, every_mount = ~0ull;

struct mnt_id_req {
    std::uint32_t size = 24, spare = 0;
    std::uint64_t mnt_id = 0, param = 0;
};

/// struct statmount as far as we read it.
struct statmount_answer {
    std::uint32_t size, opts;
    std::uint64_t mask;
    std::uint32_t sb_dev_major, sb_dev_minor;
    std::uint64_t sb_magic;
    std::uint32_t sb_flags, fs_type;
    std::uint64_t mnt_id, mnt_parent_id;
    std::uint32_t mnt_id_old, mnt_parent_id_old;
    std::uint64_t attributes[5];
    std::uint32_t mnt_root, mnt_point;  // where in `texts`
    std::uint64_t more[50];
    char texts[1536];
};
static_assert(offsetof(statmount_answer, fs_type) == 36 && offsetof(statmount_answer, mnt_point) == 108 &&
              offsetof(statmount_answer, texts) == 512);

/// An errno; ENOENT: there is no such mount.
int ask(std::uint64_t unique_id, std::uint64_t what, statmount_answer& answer) {
    mnt_id_req wanted;
    wanted.mnt_id = unique_id;
    wanted.param = what;
    answer = {};
    return syscall(statmount_number, &wanted, &answer, sizeof answer, 0) == 0 ? 0 : errno;
}

struct asked {
    dev_t dev{};
    std::uint64_t id{};
    bool known{};
};

asked ask_id(int dirfd, const char* path, int flags, unsigned which) {
    struct statx stx {};
    if (::statx(dirfd, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW, which, &stx) != 0)
        return {};
    asked a{makedev(stx.stx_dev_major, stx.stx_dev_minor), 0, (stx.stx_mask & which) != 0};
    // stx_mnt_id follows stx_rdev and stx_dev; older headers call it a spare field, at byte 0x90.
    if (a.known) std::memcpy(&a.id, reinterpret_cast<const char*>(&stx) + 0x90, sizeof a.id);
    return a;
}

/// Looks for the line's mount among all of our namespace: its path may lead elsewhere.
std::uint64_t unique_id_among_all(const mount_line& line) {
    std::uint64_t ids[256];
    mnt_id_req wanted;
    wanted.mnt_id = every_mount;
    for (;;) {
        const long got = syscall(listmount_number, &wanted, ids, std::size(ids), 0);
        for (long i = 0; i < got; ++i) {
            statmount_answer m;
            const int error = ask(ids[i], statmount_sb_basic | statmount_mnt_basic, m);
            if (error == 0 && m.mnt_id_old == line.id && m.sb_dev_major == line.major && m.sb_dev_minor == line.minor)
                return ids[i];
        }
        if (got < static_cast<long>(std::size(ids))) return 0;
        wanted.param = ids[got - 1];  // go on behind it
    }
}

std::optional<mount_line> with_table_id(const std::vector<mount_line>& mounts, std::int64_t id, dev_t dev) {
    for (const auto& m : mounts)
        if (m.id == id && m.device() == dev) return m;
    return std::nullopt;
}

bool may_be_here(const mount_identity& who) { return who && (who.ns == 0 || who.ns == mount_namespace_of()); }

/// In the child: whether the mount on `line.dir` is the one meant, and its connection over. The exit code.
int ask_connection(const mount_line& line) {
    const unique_fd root{::open(line.dir.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW)};
    const auto here = identify_mount(root.get(), "", AT_EMPTY_PATH);
    if (!root || here.dev != line.device() || (here.table_id != 0 && here.table_id != line.id)) return 2;
    struct statfs s {};
    if (::fstatfs(root.get(), &s) == 0) return 0;
    return errno == ENOTCONN || errno == ECONNABORTED || errno == ECONNREFUSED ? 1 : 0;
}

}  // namespace

bool is_same(const mount_identity& a, const mount_identity& b) noexcept {
    if (!a || !b || a.dev != b.dev) return false;
    if (a.id != 0 && b.id != 0) return a.id == b.id;
    return a.table_id != 0 && a.table_id == b.table_id && a.ns != 0 && a.ns == b.ns;
}

mount_identity identify_mount(int dirfd, const char* path, int flags) {
    const auto in_table = ask_id(dirfd, path, flags, statx_mnt_id);
    const auto unique = ask_id(dirfd, path, flags, statx_mnt_id_unique);
    if (in_table.dev == 0 || in_table.dev != unique.dev) return {};
    return {in_table.dev, unique.id, static_cast<std::int64_t>(in_table.id), mount_namespace_of()};
}

std::optional<mount_identity> identify_line(const mount_line& line) {
    mount_identity who{line.device(), unique_id_among_all(line), line.id, mount_namespace_of()};
    if (who.id != 0 || with_table_id(read_mountinfo(), line.id, line.device())) return who;
    return std::nullopt;
}

std::optional<mount_line> find_mount(const std::vector<mount_line>& mounts, const mount_identity& who) {
    if (!may_be_here(who)) return std::nullopt;
    if (who.id == 0) return with_table_id(mounts, who.table_id, who.dev);
    statmount_answer now;
    const int error = ask(who.id, statmount_sb_basic | statmount_mnt_basic, now);
    if (error == ENOENT) return std::nullopt;
    if (error != 0) return with_table_id(mounts, who.table_id, who.dev);
    return with_table_id(mounts, now.mnt_id_old, makedev(now.sb_dev_major, now.sb_dev_minor));
}

bool is_still_mounted(std::uint64_t unique_id) {
    statmount_answer ignored;
    return ask(unique_id, 0, ignored) != ENOENT;
}

std::optional<std::string> mount_point_of(const mount_identity& who) {
    if (!may_be_here(who)) return std::nullopt;
    statmount_answer now;
    const int error = who.id != 0 ? ask(who.id, statmount_mnt_point, now) : ENOSYS;
    if (error == ENOENT) return std::nullopt;
    if (error == 0 && (now.mask & statmount_mnt_point) != 0) {
        const std::string dir = now.texts + now.mnt_point;
        return dir.empty() ? std::nullopt : std::optional{dir};
    }
    const auto line = find_mount(*current_mounts(), who);
    return line ? std::optional{line->dir} : std::nullopt;
}

std::optional<mount_below> mount_at_fd(int dirfd) {
    const auto mount = ask_id(dirfd, "", AT_EMPTY_PATH, statx_mnt_id_unique);
    statmount_answer now;
    if (!mount.known || ask(mount.id, statmount_fs_type, now) != 0 || (now.mask & statmount_fs_type) == 0)
        return std::nullopt;
    const std::string_view type = now.texts + now.fs_type;
    return mount_below{mount.id, std::string{type == "fuse" || type == "fuseblk" ? "" : type}};
}

std::uint64_t mount_namespace_of(const std::string& pid) {
    struct stat st {};
    return ::stat(("/proc/" + pid + "/ns/mnt").c_str(), &st) == 0 ? st.st_ino : 0;
}

std::optional<seen_directory> look_at(int dirfd) {
    struct statx stx {};
    if (::statx(dirfd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stx) != 0) return std::nullopt;
    const auto who = identify_mount(dirfd, "", AT_EMPTY_PATH);
    return seen_directory{who.id, who.ns, stx.stx_ino};
}

bool is_same(const seen_directory& a, const seen_directory& b) noexcept {
    const bool same_mount =
        a.unique_id != 0 && b.unique_id != 0 ? a.unique_id == b.unique_id : a.mount_namespace == b.mount_namespace;
    return same_mount && a.inode == b.inode;
}

bool connection_is_dead(const mount_line& line, int limit_ms) {
    return connection_of(line, limit_ms) == connection::dead;
}

connection connection_of(const mount_line& line, int limit_ms) {
    const pid_t child = ::fork();
    if (child < 0) return connection::alive;
    if (child == 0) ::_exit(ask_connection(line));
    const unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    const auto ended_within = [&process](int ms) {
        pollfd ended{process.get(), POLLIN, 0};
        int got;
        while ((got = ::poll(&ended, 1, ms)) < 0 && errno == EINTR) {}
        return got > 0;
    };
    if (!process) return connection::alive;
    const bool silent = !ended_within(limit_ms);
    if (silent) {
        ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
        if (!ended_within(limit_ms))
            return connection::silent;  // not even that: something else than our mount keeps it
    }
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(process.get()), &info, WEXITED) != 0)
        if (errno != EINTR) return connection::alive;
    if (silent) return connection::silent;
    return info.si_code == CLD_EXITED && info.si_status == 1 ? connection::dead : connection::alive;
}

}  // namespace drainlab::os
