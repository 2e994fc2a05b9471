#include "fusefs/storage/mountinfo.hpp"

#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>

namespace drainlab::storage {

namespace {

/// Blanks and the like are written as a backslash and three octal digits.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t k = 0; k < text.size(); ++k) {
        if (text[k] == '\\' && k + 3 < text.size()) {
            out += static_cast<char>((text[k + 1] - '0') * 64 + (text[k + 2] - '0') * 8 + (text[k + 3] - '0'));
            k += 3;
        } else {
            out += text[k];
        }
    }
    return out;
}

bool lies_below(const std::string& path, const std::string& top) {
    return top == "/" || (path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/'));
}

int refuse(std::string& error, std::string_view what, const std::filesystem::path& path, const std::string& why,
           int err) {
    error = std::string{what} + " " + path.string() + ": " + why;
    return err;
}

}  // namespace

mount_entry parse_mountinfo_line(std::string_view line) {
    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
    mount_entry m;
    std::istringstream in{std::string{line}};
    std::string parent, dev, root, point, word;
    in >> m.id >> parent >> dev >> root >> point;
    const auto colon = dev.find(':');
    if (colon != dev.npos) {
        std::from_chars(dev.data(), dev.data() + colon, m.major);
        std::from_chars(dev.data() + colon + 1, dev.data() + dev.size(), m.minor);
    }
    m.mount_point = unescape(point);
    while (in >> word && word != "-") {}
    in >> m.fstype >> word;
    m.source = unescape(word);
    return m;
}

std::vector<mount_entry> read_mountinfo() {
    std::vector<mount_entry> out;
    std::ifstream file{"/proc/self/mountinfo"};
    for (std::string line; std::getline(file, line);) out.push_back(parse_mountinfo_line(line));
    return out;
}

const mount_entry* mount_of(const std::vector<mount_entry>& mounts, const std::filesystem::path& path) {
    const mount_entry* best = nullptr;
    for (const auto& m : mounts)
        if (lies_below(path.string(), m.mount_point) && (!best || m.mount_point.size() >= best->mount_point.size()))
            best = &m;
    return best;
}

int open_outside(const std::filesystem::path& path, int flags, std::string_view what, unique_fd& out,
                 std::string& error) {
    if (!path.is_absolute() || path.lexically_normal() != path)
        return refuse(error, what, path, "must be an absolute path without . and .. (see realpath)", EINVAL);
    const auto mounts = read_mountinfo();
    if (const mount_entry* m = mount_of(mounts, path); m && m->ours())
        return refuse(error, what, path,
                      "lies on the drainfs mount " + m->mount_point + "; choose a place outside of it", EXDEV);
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_SYMLINKS;
    out.reset(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
    if (out) return 0;
    const int err = errno;
    if (err == ELOOP) return refuse(error, what, path, "has a symlink in it; name the real path (see realpath)", err);
    if (err == ENOENT) return refuse(error, what, path, "does not exist; make the directory first", err);
    if (err == ENOTDIR) return refuse(error, what, path, "is not a directory; a directory is needed", err);
    return refuse(error, what, path, std::string{"cannot be opened: "} + std::strerror(err), err);
}

}  // namespace drainlab::storage
