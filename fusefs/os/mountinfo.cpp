#include "fusefs/os/mountinfo.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::os {

namespace {

/// Undoes \040 and its like (the kernel escapes space, tab, newline and backslash).
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
        if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    while (!line.empty()) {
        const auto end = std::min(line.find(' '), line.size());
        if (end > 0) fields.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return fields;
}

template <class Number>
bool parse(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

bool contains(std::string_view dir, std::string_view path) {
    if (dir == "/") return true;
    return path.substr(0, dir.size()) == dir && (path.size() == dir.size() || path[dir.size()] == '/');
}

}  // namespace

std::string mount_line::dev() const { return std::to_string(major) + ":" + std::to_string(minor); }

dev_t mount_line::device() const noexcept { return makedev(major, minor); }

std::optional<mount_line> parse_mount_line(std::string_view line) {
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) return std::nullopt;
    const auto front = fields_of(line.substr(0, dash)), back = fields_of(line.substr(dash + 3));
    if (front.size() < 6 || back.size() < 2) return std::nullopt;
    mount_line m;
    const auto colon = front[2].find(':');
    if (colon == std::string_view::npos || !parse(front[0], m.id) || !parse(front[1], m.parent) ||
        !parse(front[2].substr(0, colon), m.major) || !parse(front[2].substr(colon + 1), m.minor))
        return std::nullopt;
    m.root = unescaped(front[3]);
    m.dir = unescaped(front[4]);
    m.options = front[5];
    m.fstype = unescaped(back[0]);
    m.source = unescaped(back.size() > 2 ? back[1] : "");  // an empty source leaves two fields only
    m.super_options = back.back();
    return m;
}

std::vector<mount_line> parse_mountinfo(std::string_view text) {
    std::vector<mount_line> mounts;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (auto m = parse_mount_line(text.substr(0, end))) mounts.push_back(std::move(*m));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return mounts;
}

std::vector<mount_line> read_mountinfo(const std::string& pid, const std::string& proc) {
    const unique_fd file{::open((proc + "/" + pid + "/mountinfo").c_str(), O_RDONLY | O_CLOEXEC)};
    std::string text;
    for (ssize_t got = 1; file && got > 0;) {
        const std::size_t had = text.size();
        text.resize(had + 64 * 1024);  // the kernel gives whole lines, as many as fit
        got = ::read(file.get(), text.data() + had, text.size() - had);
        text.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
    }
    return parse_mountinfo(text);
}

std::set<dev_t> mounted_devices() {
    std::set<dev_t> devices;
    for (const auto& line : read_mountinfo()) devices.insert(line.device());
    return devices;
}

std::optional<mount_line> mount_at(const std::vector<mount_line>& mounts, std::string_view dir) {
    for (auto m = mounts.rbegin(); m != mounts.rend(); ++m)
        if (m->dir == dir) return *m;
    return std::nullopt;
}

std::optional<mount_line> mount_containing(const std::vector<mount_line>& mounts, std::string_view path) {
    const mount_line* best = nullptr;
    for (const auto& m : mounts)
        if (contains(m.dir, path) && (!best || m.dir.size() >= best->dir.size())) best = &m;
    return best ? std::optional(*best) : std::nullopt;
}

mount_identity identify_mount(int dirfd, const char* path, int flags) {
    constexpr unsigned statx_mnt_id_unique =
        0x4000;  // include/uapi/linux/stat.h, Linux 6.8; not in Debian 12's headers
    struct statx stx {};
    flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW;
    if (::statx(dirfd, path, flags, statx_mnt_id_unique, &stx) != 0) return {};
    mount_identity who{makedev(stx.stx_dev_major, stx.stx_dev_minor), 0};
    // stx_mnt_id follows stx_rdev and stx_dev; older headers call it a spare field, at byte 0x90.
    if (stx.stx_mask & statx_mnt_id_unique)
        std::memcpy(&who.id, reinterpret_cast<const char*>(&stx) + 0x90, sizeof who.id);
    return who;
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

}  // namespace drainlab::os
