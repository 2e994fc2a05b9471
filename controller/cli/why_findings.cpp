#include "controller/cli/why_findings.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"
#include "controller/words/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace drainlab::cli {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

named_process process(pid_t pid) {
    return pid ? named_process{pid, machine::name_of_process("/proc/" + std::to_string(pid))} : named_process{};
}

bool is_fuse(const std::string& type) { return type == "fuse" || type == "fuseblk" || type.starts_with("fuse."); }

/// Whether a superblock of type `dying` (as the kernel's functions name it) may be one of `type`.
bool same_type(const std::string& dying, const std::string& type) {
    return dying == type || (dying == "fuse" && is_fuse(type));
}

/// `loop0` of 7:0.
std::string block_name(std::pair<unsigned, unsigned> device) {
    std::error_code ec;
    return fs::read_symlink(fmt::format("/sys/dev/block/{}:{}", device.first, device.second), ec).filename().string();
}

/// The device of a living superblock of this type that no mount namespace has a name for: one that dies, or is
/// detached. Nothing unless it is the only one. /sys/fs/TYPE/DEVICE is there as long as the superblock.
std::optional<std::pair<unsigned, unsigned>> nameless_device(const std::string& type) {
    const machine::target any{0, 0, {}, {}};
    machine::survey everywhere(any, "/proc", "/sys");
    machine::find_namespaces(everywhere);
    std::set<std::string> named;
    for (const auto& [inode, seen] : everywhere.namespaces)
        for (const auto& m : seen.mounts) named.insert(m.dev());
    std::vector<std::pair<unsigned, unsigned>> found;
    std::error_code ec;
    for (fs::directory_iterator all("/sys/fs/" + type, ec); !ec && all != fs::directory_iterator(); all.increment(ec)) {
        std::string text = machine::read_text("/sys/class/block/" + all->path().filename().string() + "/dev");
        if (!text.empty() && text.back() == '\n') text.pop_back();
        unsigned major = 0, minor = 0;
        if (named.contains(text) || std::sscanf(text.c_str(), "%u:%u", &major, &minor) != 2) continue;
        found.emplace_back(major, minor);
    }
    return found.size() == 1 ? std::optional(found[0]) : std::nullopt;
}

/// Down through loop devices: what the filesystem on `device` rests on.
std::vector<layer_below> layers_below(std::pair<unsigned, unsigned> device) {
    constexpr unsigned loop_major = 7;
    std::vector<layer_below> layers;
    const auto mounts = machine::read_mountinfo();
    while (device.first == loop_major && layers.size() < 8) {
        layer_below l;
        l.device = "/dev/" + block_name(device);
        const auto file =
            machine::parse_backing_file(machine::read_text("/sys/block/" + l.device.substr(5) + "/loop/backing_file"));
        if (!file) break;
        l.file = file->path;
        l.on = machine::mount_containing(mounts, file->path);
        if (l.on && is_fuse(l.on->fstype)) l.server = process(machine::fuse_server(l.on->minor));
        l.workers = machine::loop_workers(l.device);
        device = l.on ? std::pair(l.on->major, l.on->minor) : std::pair(0U, 0U);
        layers.push_back(std::move(l));
    }
    return layers;
}

/// Those that concern it. Without a path of theirs to go by (not ours to read; the last close of a detached mount)
/// only where it has no name any more, or has never had one here, and the type fits.
std::vector<unmount_seen> concerning(const why_target& what, std::vector<machine::kernel_task> all) {
    std::vector<unmount_seen> mine;
    for (auto& t : all) {
        const bool same_path = !what.dir.empty() && t.path == what.dir;
        const std::string type = machine::dying_type(t.stack);
        const bool may_be =
            !what.mount && t.path.empty() && (type.empty() || what.fstype.empty() || same_type(type, what.fstype));
        if (same_path || may_be) mine.push_back({std::move(t), same_path});
    }
    // Who is known to unmount it makes others unlikely.
    if (std::any_of(mine.begin(), mine.end(), [](const unmount_seen& u) { return u.certain; }))
        std::erase_if(mine, [](const unmount_seen& u) { return !u.certain; });
    return mine;
}

/// How long ago on CLOCK_MONOTONIC.
std::string ago(std::chrono::nanoseconds at) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return words::show_duration(std::chrono::floor<std::chrono::milliseconds>(
        std::max<std::chrono::nanoseconds>(now - at, std::chrono::nanoseconds(0))));
}

/// Those of the mimicked kernel's tasks that work for this mount.
std::vector<std::string> model_waits(const std::string& socket, const std::string& mount) {
    std::vector<std::string> waits;
    const auto daemon = daemon_on(socket);
    if (!daemon) return waits;
    const auto answer = daemon.value().get("/waiting", std::chrono::milliseconds(2'000));
    if (!answer) return waits;
    for (const auto& t : answer.value().value("tasks", json::array()))
        if (const auto task = t.value("task", "?"); task.ends_with(" " + mount))
            waits.push_back(fmt::format("{} waits for {}, since {}", task, t.value("waits_for", "?"),
                                        ago(std::chrono::nanoseconds(t.value("since_ns", 0ll)))));
    return waits;
}

}  // namespace

why_findings find_out_why(why_target what, std::vector<machine::kernel_task> unmounting, const std::string& socket) {
    why_findings f;
    f.unmounts = concerning(what, std::move(unmounting));
    if (!what.device && !what.fstype.empty()) what.device = nameless_device(what.fstype);
    if (what.device) {
        const auto [major, minor] = *what.device;
        f.held = machine::find_holders({major, minor, what.mount ? what.mount->dir : std::string(), what.dir});
        if (is_fuse(what.fstype)) f.server = process(machine::fuse_server(minor));
        f.lockers = machine::superblock_lockers(major, minor);
        f.below = layers_below(*what.device);
        std::vector<pid_t> holders;
        for (const auto& h : f.held.holders) holders.push_back(h.pid);
        f.frozen = machine::waiting_for_thaw(holders);
    }
    if (!what.daemon.is_null() && what.daemon.value("state", "") != "live")
        f.waiting = model_waits(socket, what.daemon.value("name", ""));
    f.what = std::move(what);
    return f;
}

}  // namespace drainlab::cli
