#include "fusefs/control/state_file.hpp"

#include "fusefs/input/json.hpp"
#include "fusefs/os/own_file.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::control {

using nlohmann::json;

namespace {

constexpr std::size_t largest_state = 16 << 20;

std::string beside(const std::string& socket, const char* ending) {
    constexpr std::string_view usual = ".sock";
    const bool has = socket.size() > usual.size() && socket.ends_with(usual);
    return (has ? socket.substr(0, socket.size() - usual.size()) : socket) + ending;
}

json device_json(dev_t dev) { return dev == 0 ? json() : json(fmt::format("{}:{}", major(dev), minor(dev))); }

dev_t device_of(const json& j) {
    if (!j.is_string()) return 0;
    const auto text = j.get<std::string>();
    const char* const end = text.data() + text.size();
    unsigned high = 0, low = 0;
    const auto first = std::from_chars(text.data(), end, high);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':') return 0;
    const auto second = std::from_chars(first.ptr + 1, end, low);
    return second.ec == std::errc{} && second.ptr == end ? makedev(high, low) : 0;
}

json process_json(const os::process_identity& p) {
    if (p.pid == 0) return {};
    return {{"pid", p.pid}, {"start_time", p.start_time}, {"pid_namespace", p.pid_namespace}, {"boot_id", p.boot}};
}

/// Old or half a record: what is missing names nobody.
os::process_identity process_of(const json& j) {
    if (!j.is_object()) return {};
    return {j.at("pid").get<pid_t>(), j.at("start_time").get<std::uint64_t>(),
            j.at("pid_namespace").get<std::uint64_t>(), j.at("boot_id").get<std::string>()};
}

json mount_json(const owned_mount& m, std::uint64_t mount_namespace) {
    const bool known = static_cast<bool>(m.who);
    return {{"id", m.id},
            {"dir", os::to_printable(m.dir)},
            {"name", os::to_printable(m.name)},
            {"dev", known ? device_json(m.who.dev) : json()},
            {"unique_id", known && m.who.id != 0 ? json(m.who.id) : json()},
            {"mount_id", known && m.who.table_id != 0 ? json(m.who.table_id) : json()},
            {"mount_namespace", known ? json(m.who.ns != 0 ? m.who.ns : mount_namespace) : json()}};
}

template <class Number>
Number number_or_0(const json& j, const char* key) {
    const json v = j.value(key, json());
    return v.is_number_integer() ? v.get<Number>() : Number{};
}

owned_mount mount_of(const json& j) {
    owned_mount m;
    m.dir = os::from_printable(j.at("dir").get<std::string>()).value_or("");
    m.name = os::from_printable(j.at("name").get<std::string>()).value_or("");
    m.who = {device_of(j.value("dev", json())), number_or_0<std::uint64_t>(j, "unique_id"),
             number_or_0<std::int64_t>(j, "mount_id"), number_or_0<std::uint64_t>(j, "mount_namespace")};
    m.id = number_or_0<std::uint32_t>(j, "id");
    return m;
}

void make_change(daemon_state& s, const json& j) {
    const auto id = j.at("id").get<std::uint32_t>();
    std::erase_if(s.mounts, [id](const owned_mount& m) { return m.id == id; });
    if (!j.contains("gone")) s.mounts.push_back(mount_of(j));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

std::string to_line(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

std::string to_line(const record_change& c, std::uint64_t mount_namespace) {
    return to_line(c.mount ? mount_json(*c.mount, mount_namespace) : json{{"id", c.id}, {"gone", true}});
}

}  // namespace

std::string state_path(const std::string& socket) { return beside(socket, ".state"); }
std::string life_path(const std::string& socket) { return beside(socket, ".life"); }

std::string state_to_json(const daemon_state& s) {
    json mounts = json::array();
    for (const auto& m : s.mounts) mounts.push_back(mount_json(m, s.mount_namespace));
    const json whole{
        {"pid", s.daemon.pid},      {"start_time", s.daemon.start_time},    {"pid_namespace", s.daemon.pid_namespace},
        {"boot_id", s.daemon.boot}, {"mount_namespace", s.mount_namespace}, {"gate", process_json(s.gate)},
        {"mounts", mounts}};
    return to_line(whole);
}

std::optional<daemon_state> state_from_json(const std::string& text) try {
    const auto first = text.find('\n');
    const auto parsed = input::parse_json(text.substr(0, first));
    if (!parsed.value) return std::nullopt;
    const json& whole = *parsed.value;
    daemon_state s;
    s.daemon = process_of(whole);
    s.mount_namespace = whole.at("mount_namespace").get<std::uint64_t>();
    s.gate = process_of(whole.at("gate"));
    for (const auto& m : whole.at("mounts")) s.mounts.push_back(mount_of(m));
    for (auto at = first; at != std::string::npos;) {
        const auto end = text.find('\n', ++at);
        if (end == std::string::npos) break;
        const auto change = input::parse_json(text.substr(at, end - at));
        if (!change.value) return std::nullopt;
        make_change(s, *change.value);
        at = end;
    }
    std::ranges::stable_sort(s.mounts, {}, &owned_mount::id);
    return s;
} catch (const json::exception&) { return std::nullopt; }

bool write_state(const std::string& path, const daemon_state& s) {
    return static_cast<bool>(write_state(AT_FDCWD, path, s));
}

os::unique_fd write_state(int dir, const std::string& name, const daemon_state& s) {
    const std::string fresh = name + ".new";
    os::unique_fd file{
        openat(dir, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return {};
    if (write_all(file.get(), state_to_json(s)) && renameat(dir, fresh.c_str(), dir, name.c_str()) == 0) return file;
    const int error = errno;
    unlinkat(dir, fresh.c_str(), 0);
    errno = error;
    return {};
}

bool append_changes(int file, const std::vector<record_change>& changes, std::uint64_t mount_namespace) {
    struct stat st {};
    if (fstat(file, &st) != 0 || st.st_nlink == 0) return false;
    std::string lines;
    for (const auto& c : changes) lines += to_line(c, mount_namespace);
    return write(file, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size());
}

std::optional<daemon_state> read_state(const std::string& path, std::string& why) {
    const auto text = os::read_own_file(path, largest_state, why);
    return text ? state_from_json(*text) : std::nullopt;
}

}  // namespace drainlab::control
