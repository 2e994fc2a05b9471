#include "controller/client/mountinfo.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace drainlab::client {

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

std::string mount_line::dev() const { return fmt::format("{}:{}", major, minor); }

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
    std::ifstream file(proc + "/" + pid + "/mountinfo");
    std::stringstream text;
    text << file.rdbuf();
    return parse_mountinfo(text.str());
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

namespace {

std::string absolute_path(const std::string& path, int links_left) {
    namespace fs = std::filesystem;
    std::error_code ec;
    fs::path full = fs::absolute(path, ec).lexically_normal();
    if (!full.has_filename()) full = full.parent_path();
    if (full == full.root_path()) return full.string();
    if (links_left > 0 && fs::is_symlink(fs::symlink_status(full, ec))) {
        const fs::path target = fs::read_symlink(full, ec);
        if (!ec)
            return absolute_path((target.is_absolute() ? target : full.parent_path() / target).string(),
                                 links_left - 1);
    }
    const fs::path parent = fs::weakly_canonical(full.parent_path(), ec);
    return ((ec ? full.parent_path() : parent) / full.filename()).string();
}

}  // namespace

std::string absolute_path(const std::string& path) { return absolute_path(path, 40); }

}  // namespace drainlab::client
