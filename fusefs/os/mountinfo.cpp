#include "fusefs/os/mountinfo.hpp"

#include "fusefs/os/octal.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <unistd.h>

namespace drainlab::os {

std::string without_octal(std::string_view text) {
    std::string out;
    const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    fields.reserve(12);
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
    m.root = without_octal(front[3]);
    m.dir = without_octal(front[4]);
    m.options = front[5];
    for (const auto tag : std::span(front).subspan(6)) {
        if (tag.starts_with("shared:")) parse(tag.substr(7), m.shared);
        if (tag.starts_with("master:")) parse(tag.substr(7), m.master);
    }
    m.fstype = without_octal(back[0]);
    m.source = without_octal(back.size() > 2 ? back[1] : "");  // an empty source leaves two fields only
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

namespace {

std::string read_all(const unique_fd& file) {
    std::string text;
    char part[8192];  // the kernel gives whole lines, and no more than a page of them
    ssize_t got = 0;
    while (file && (got = ::read(file.get(), part, sizeof part)) > 0) text.append(part, static_cast<std::size_t>(got));
    return text;
}

/// The kernel's word that the table has changed since it was opened, or since it last said so.
bool has_changed(const unique_fd& file) {
    pollfd asked{file.get(), POLLPRI, 0};
    return ::poll(&asked, 1, 0) != 0 && (asked.revents & (POLLPRI | POLLERR | POLLNVAL)) != 0;
}

}  // namespace

std::vector<mount_line> read_mountinfo(const std::string& pid, const std::string& proc) {
    return parse_mountinfo(
        read_all(unique_fd{::open((proc + "/" + pid + "/mountinfo").c_str(), O_RDONLY | O_CLOEXEC)}));
}

mount_lines current_mounts() {
    thread_local unique_fd file;
    thread_local mount_lines lines;
    if (file && lines && !has_changed(file)) return lines;
    if (!file || ::lseek(file.get(), 0, SEEK_SET) != 0)
        file.reset(::open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC));
    if (!file) file.reset(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    return lines = std::make_shared<const std::vector<mount_line>>(parse_mountinfo(read_all(file)));
}

std::set<dev_t> mounted_devices() {
    std::set<dev_t> devices;
    for (const auto& line : read_mountinfo()) devices.insert(line.device());
    return devices;
}

namespace {

/// The next mount that a walk to `path` steps into from `from` (null: from the root of the table): of those mounted on
/// it the one nearest to the beginning of the path; of two on one place the later.
const mount_line* step(const std::vector<mount_line>& mounts, const mount_line* from, std::string_view path,
                       const std::vector<std::int64_t>& known) {
    const mount_line* next = nullptr;
    for (const auto& m : mounts) {
        const bool child = from ? m.parent == from->id && m.id != from->id
                                : !std::ranges::binary_search(known, m.parent) || m.parent == m.id;
        if (child && contains(m.dir, path) && (!next || m.dir.size() <= next->dir.size())) next = &m;
    }
    return next;
}

}  // namespace

std::optional<mount_line> mount_containing(const std::vector<mount_line>& mounts, std::string_view path) {
    std::vector<std::int64_t> known;
    known.reserve(mounts.size());
    for (const auto& m : mounts) known.push_back(m.id);
    std::ranges::sort(known);
    const mount_line* at = nullptr;
    std::size_t steps = 0;
    for (const mount_line* next = nullptr; steps <= mounts.size() && (next = step(mounts, at, path, known)); ++steps)
        at = next;
    return at ? std::optional(*at) : std::nullopt;
}

std::optional<mount_line> mount_at(const std::vector<mount_line>& mounts, std::string_view dir) {
    auto m = mount_containing(mounts, dir);
    return m && m->dir == dir ? m : std::nullopt;
}

std::optional<mount_line> covering(const std::vector<mount_line>& mounts, const mount_line& m) {
    auto reached = mount_containing(mounts, m.dir);
    return reached && reached->id == m.id ? std::nullopt : reached;
}

}  // namespace drainlab::os
