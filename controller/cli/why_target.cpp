#include "controller/cli/why_target.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/machine/holders/asking.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/os/printable.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace drainlab::cli {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds patience(2'000);

std::optional<std::pair<unsigned, unsigned>> device_of(std::string_view text) {
    const auto colon = text.find(':');
    unsigned major = 0, minor = 0;
    if (colon == std::string_view::npos) return std::nullopt;
    const auto whole = [](std::string_view part, unsigned& into) {
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), into);
        return error == std::errc{} && end == part.data() + part.size();
    };
    if (!whole(text.substr(0, colon), major) || !whole(text.substr(colon + 1), minor)) return std::nullopt;
    return std::pair(major, minor);
}

/// By text alone: nothing is looked up on the way.
std::string by_text(const std::string& path) {
    std::error_code ec;
    auto full = (path.starts_with('/') ? fs::path(path) : fs::current_path(ec) / path).lexically_normal();
    if (!full.has_filename() && full.has_relative_path()) full = full.parent_path();
    return full.string();
}

/// Through symbolic links; `path` itself if that takes too long.
std::string by_links(const std::string& path) {
    const auto said = machine::ask_in_child(
        [&](int out) {
            machine::tell(out, machine::absolute_path(path));
            return 0;
        },
        std::chrono::milliseconds(500));
    return said.finished && !said.text.empty() ? said.text : path;
}

/// Names in the API are spelled so that they can be printed.
bool spells(const json& mount, const char* key, std::string_view name) {
    const std::string text = mount.value(key, "");
    return text == name || text == os::to_printable(name);
}

class finding {
  public:
    finding(const std::string& socket, const std::vector<machine::kernel_task>& unmounting)
        : mounts_(machine::read_mountinfo()), unmounting_(unmounting) {
        const auto daemon = daemon_on(socket);
        if (!daemon) return;
        if (auto answer = daemon.value().get("/mounts", patience))
            known_ = answer.value().value("mounts", json::array());
    }

    std::optional<why_target> run(std::string_view asked) {
        const auto forced = [&](std::string_view prefix) {
            if (!asked.starts_with(prefix)) return false;
            asked.remove_prefix(prefix.size());
            return true;
        };
        if (forced("name:")) return named(asked);
        if (forced("id:")) return numbered(asked);
        if (forced("dev:")) return on_device(asked);
        const bool only_path = forced("dir:");
        const std::string path = by_text(std::string(asked));
        if (auto found = on_path(path)) return found;
        if (!only_path) {
            if (auto found = on_device(asked)) return found;
            if (auto found = named(asked)) return found;
            if (auto found = numbered(asked)) return found;
        }
        const std::string real = by_links(path);
        return real == path ? std::nullopt : on_path(real);
    }

  private:
    why_target mounted(const machine::mount_line& m) const {
        why_target t{m.dir, m, std::pair(m.major, m.minor), m.fstype, {}};
        for (const auto& k : known_)
            if (k.value("state", "") != "gone" && k.value("dev", "") == m.dev()) t.daemon = k;
        return t;
    }

    /// A MOUNT of our daemon: by its name if it still has one.
    why_target served(const json& k) const {
        const auto device = device_of(k.value("dev", ""));
        for (const auto& m : mounts_)
            if (device && m.ours() && m.major == device->first && m.minor == device->second) return mounted(m);
        return {os::from_printable(k.value("dir", "")).value_or(k.value("dir", "")), std::nullopt, device,
                std::string(machine::our_fstype), k};
    }

    template <class Fits>
    std::optional<why_target> served_one(Fits fits) const {
        for (auto k = known_.rbegin(); k != known_.rend(); ++k)
            if (k->value("state", "") != "gone" && k->value("state", "") != "dead" && fits(*k)) return served(*k);
        return std::nullopt;
    }

    std::optional<why_target> on_path(const std::string& path) const {
        if (const auto m = machine::mount_at(mounts_, path)) return mounted(*m);
        for (const auto& m : mounts_)
            if (path.starts_with("/dev/") && m.source == path) return mounted(m);
        if (auto found = served_one([&](const json& k) { return spells(k, "dir", path); })) return found;
        for (const auto& t : unmounting_)
            if (t.path == path) return why_target{path, {}, {}, machine::dying_type(t.stack), {}};
        if (path.starts_with("/dev/"))
            return on_device(machine::read_text("/sys/class/block/" + path.substr(5) + "/dev"));
        return std::nullopt;
    }

    std::optional<why_target> on_device(std::string_view text) const {
        while (text.ends_with('\n')) text.remove_suffix(1);
        const auto device = device_of(text);
        if (!device) return std::nullopt;
        for (const auto& m : mounts_)
            if (m.major == device->first && m.minor == device->second) return mounted(m);
        if (auto found = served_one([&](const json& k) { return k.value("dev", "") == text; })) return found;
        // Those of block devices are told by /sys; others are numbers that only a mount has.
        std::error_code ec;
        const bool somewhere = device->first == 0 || fs::exists("/sys/dev/block/" + std::string(text), ec) || ec;
        return somewhere ? std::optional(why_target{{}, {}, device, {}, {}}) : std::nullopt;
    }

    std::optional<why_target> named(std::string_view name) const {
        if (auto found = served_one([&](const json& k) { return spells(k, "name", name); })) return found;
        for (const auto& m : mounts_)
            if (m.ours() && m.source == name) return mounted(m);
        return std::nullopt;
    }

    std::optional<why_target> numbered(std::string_view id) const {
        return served_one([&](const json& k) { return id_of(k) == id; });
    }

    std::vector<machine::mount_line> mounts_;
    const std::vector<machine::kernel_task>& unmounting_;
    json known_ = json::array();
};

}  // namespace

result<why_target> find_why_target(const std::string& asked, const std::string& socket,
                                   const std::vector<machine::kernel_task>& unmounting) {
    if (auto found = finding(socket, unmounting).run(asked)) return *found;
    return client::usage_error(
        os::to_printable(asked) + ": nothing is mounted there, no mount is called so, and nobody unmounts it",
        "name a mount point, a drainfs mount's name, or a device (8:1, /dev/sda1)");
}

}  // namespace drainlab::cli
