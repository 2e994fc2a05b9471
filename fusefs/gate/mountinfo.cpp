#include "fusefs/gate/mountinfo.hpp"

#include "fusefs/gate/device.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::gate {
namespace {

constexpr unsigned statx_mnt_id_unique = 0x4000;  // include/uapi/linux/stat.h, Linux 6.8; not in Debian 12's headers

std::string read_file(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string text;
    for (;;) {
        const std::size_t had = text.size();
        text.resize(had + 64 * 1024);
        const ssize_t got = read(fd, text.data() + had, text.size() - had);
        text.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
        if (got <= 0) break;
    }
    close(fd);
    return text;
}

/// "\040" and the like, as mangle() in the kernel writes them.
std::string unescape(std::string_view s) {
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        unsigned char value = 0;
        if (s[i] == '\\' && i + 3 < s.size() + 0 &&
            std::from_chars(s.data() + i + 1, s.data() + i + 4, value, 8).ptr == s.data() + i + 4) {
            out += static_cast<char>(value);
            i += 3;
        } else {
            out += s[i];
        }
    }
    return out;
}

std::string_view next_word(std::string_view& rest) {
    const auto end = rest.find(' ');
    const auto word = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return word;
}

/// "ID PARENT MAJ:MIN ROOT DIR OPTIONS [TAG...] - FSTYPE SOURCE SUPEROPTIONS"
bool parse_line(std::string_view line, mount_line& out) {
    const auto id = next_word(line);
    if (std::from_chars(id.data(), id.data() + id.size(), out.id).ec != std::errc{}) return false;
    next_word(line);
    const auto dev = parse_device(next_word(line));
    if (!dev) return false;
    out.dev = *dev;
    next_word(line);
    out.dir = unescape(next_word(line));
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) return false;
    line = line.substr(dash + 3);
    out.fstype = std::string{next_word(line)};
    out.source = unescape(next_word(line));
    return true;
}

}  // namespace

std::vector<mount_line> parse_mountinfo(std::string_view text) {
    std::vector<mount_line> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        mount_line line;
        if (parse_line(text.substr(0, end), line)) lines.push_back(std::move(line));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return lines;
}

std::vector<mount_line> read_mountinfo() { return parse_mountinfo(read_file("/proc/self/mountinfo")); }

std::set<dev_t> mounted_devices() {
    std::set<dev_t> devices;
    for (const auto& line : read_mountinfo()) devices.insert(line.dev);
    return devices;
}

std::uint64_t unique_mount_id(const std::string& dir) {
    struct statx st {};
    const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW;
    if (statx(AT_FDCWD, dir.c_str(), flags, statx_mnt_id_unique, &st) != 0) return 0;
    if ((st.stx_mask & statx_mnt_id_unique) == 0) return 0;
    // stx_mnt_id follows stx_rdev/stx_dev; older headers may call it a spare field, at byte 0x90.
    std::uint64_t id = 0;
    __builtin_memcpy(&id, reinterpret_cast<const char*>(&st) + 0x90, sizeof id);
    return id;
}

bool is_still_mounted(std::uint64_t unique_id) {
    constexpr long statmount_number = 457;  // on every architecture; not in Debian 12's headers
    struct {
        std::uint32_t size = 24, spare = 0;
        std::uint64_t mnt_id = 0, param = 0;  // param: nothing but its existence
    } wanted;
    wanted.mnt_id = unique_id;
    alignas(8) char answer[1024];
    return syscall(statmount_number, &wanted, answer, sizeof answer, 0) == 0 || errno != ENOENT;
}

}  // namespace drainlab::gate
