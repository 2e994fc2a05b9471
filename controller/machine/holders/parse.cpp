#include "controller/machine/holders/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace drainlab::machine {

namespace {

/// Calls `with` for every line.
template <class F>
void each_line(std::string_view text, F with) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        with(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// The next word of `line`, which loses it.
std::string_view word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const auto found = line.substr(0, end);
    line.remove_prefix(end);
    return found;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

/// Cuts `mark` off the end of `path`.
bool cut(std::string& path, std::string_view mark) {
    if (!path.ends_with(mark)) return false;
    path.resize(path.size() - mark.size());
    return true;
}

/// Splits at `separator` where no backslash stands before it; undoes the backslashes.
std::vector<std::string> split_escaped(std::string_view text, char separator) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size())
            parts.back() += text[++i];
        else if (text[i] == separator)
            parts.emplace_back();
        else
            parts.back() += text[i];
    }
    return parts;
}

/// Splits options at commas; a comma behind a backslash belongs to a path. Backslashes stay.
std::vector<std::string> split_options(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            parts.back() += text[i++];
            parts.back() += text[i];
        } else if (text[i] == ',') {
            parts.emplace_back();
        } else {
            parts.back() += text[i];
        }
    }
    return parts;
}

/// `a:b::d`: lower layers, and data-only layers behind `::`.
void add_lower(std::vector<overlay_layer>& into, std::string_view value) {
    bool data = false, empty_before = false;
    for (auto& part : split_escaped(value, ':')) {
        if (part.empty()) {
            data = data || empty_before || !into.empty();
            empty_before = true;
            continue;
        }
        into.push_back({data ? "datadir" : "lowerdir", std::move(part)});
    }
}

}  // namespace

std::vector<bound_socket> parse_net_unix(std::string_view text) {
    std::vector<bound_socket> sockets;
    each_line(text, [&](std::string_view line) {
        // Num RefCount Protocol Flags Type St Inode Path
        for (int skipped = 0; skipped < 6; ++skipped) word(line);
        const auto inode = number(word(line));
        if (inode == 0 || line.size() < 2 || line[1] == '@') return;
        sockets.push_back({inode, std::string(line.substr(1))});
    });
    return sockets;
}

std::vector<swap_file> parse_swaps(std::string_view text) {
    std::vector<swap_file> files;
    each_line(text, [&](std::string_view line) {
        const auto path = word(line);
        if (word(line) != "file") return;
        swap_file f{without_octal(path), false};
        f.deleted = cut(f.path, " (deleted)");
        files.push_back(std::move(f));
    });
    return files;
}

std::optional<backing_file> parse_backing_file(std::string_view text) {
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    if (text.empty()) return std::nullopt;
    backing_file f{std::string(text), false};
    f.deleted = cut(f.path, " (deleted)");
    return f;
}

std::vector<overlay_layer> parse_overlay_options(std::string_view options) {
    std::vector<overlay_layer> layers;
    for (const auto& option : split_options(without_octal(options))) {
        const auto equals = option.find('=');
        if (equals == std::string::npos) continue;
        const std::string key = option.substr(0, equals);
        const std::string_view value = std::string_view(option).substr(equals + 1);
        if (key == "lowerdir") add_lower(layers, value);
        if (key == "lowerdir+") layers.push_back({"lowerdir", std::string(value)});  // one layer, not split at colons
        if (key == "datadir+") layers.push_back({"datadir", std::string(value)});
        if (key == "upperdir" || key == "workdir") layers.push_back({key, split_escaped(value, '\0')[0]});
    }
    return layers;
}

std::vector<std::string> parse_ring_files(std::string_view fdinfo) {
    std::vector<std::string> files;
    bool inside = false;
    each_line(fdinfo, [&](std::string_view line) {
        if (!line.starts_with(' ')) {
            inside = line.starts_with("UserFiles:");
            return;
        }
        const auto colon = line.find(": ");  // "    0: /path"; an empty place has no path
        if (!inside || colon == std::string_view::npos) return;
        const auto path = line.substr(colon + 2);
        if (!path.empty() && path != "<none>") files.push_back(without_octal(path));
    });
    return files;
}

std::uint64_t parse_in_flight(std::string_view fdinfo) {
    std::uint64_t n = 0;
    each_line(fdinfo, [&](std::string_view line) {
        if (word(line) == "scm_fds:") n = number(word(line));
    });
    return n;
}

std::string device_in_maps(unsigned major, unsigned minor) { return fmt::format(" {:02x}:{:02x} ", major, minor); }

std::string_view mapped_path(std::string_view maps, std::string_view device) {
    while (!maps.empty()) {
        const auto end = std::min(maps.find('\n'), maps.size());
        const std::string_view line = maps.substr(0, end);
        // address perms offset dev inode path: the device stands before the first slash
        const auto at = line.find(device), slash = line.find('/');
        if (at != std::string_view::npos && slash != std::string_view::npos && at < slash) return line.substr(slash);
        maps.remove_prefix(std::min(end + 1, maps.size()));
    }
    return {};
}

std::optional<system_call> parse_syscall(std::string_view text) {
    system_call c;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), c.number);
    if (error != std::errc{} || c.number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (auto* argument : {&c.first, &c.second}) {
        if (!text.starts_with(" 0x")) return std::nullopt;
        const auto [after, wrong] = std::from_chars(text.data() + 3, text.data() + text.size(), *argument, 16);
        if (wrong != std::errc{}) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(after - text.data()));
    }
    return c;
}

}  // namespace drainlab::machine
