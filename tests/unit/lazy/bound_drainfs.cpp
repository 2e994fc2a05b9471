#include "tests/unit/lazy/bound_drainfs.hpp"

#include "controller/lazy/stage.hpp"
#include "controller/machine/mountinfo.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace drainlab::test {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

bool same(const std::string& a, const std::string& b) {
    struct stat one {
    }, other{};
    return stat(a.c_str(), &one) == 0 && stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

bool mounted(std::int64_t number) {
    const auto lines = machine::read_mountinfo();
    return std::any_of(lines.begin(), lines.end(), [&](const auto& m) { return m.id == number; });
}

json instant(std::int64_t ns) { return ns == 0 ? json() : json(ns); }

}  // namespace

bool held_by_anybody(const std::string& file, const std::string& dir) {
    std::error_code ec;
    for (const auto& process : fs::directory_iterator("/proc", ec)) {
        if (same(process.path() / "cwd", dir)) return true;
        for (fs::directory_iterator fd(process.path() / "fd", ec); !ec && fd != fs::directory_iterator();
             fd.increment(ec))
            if (same(fd->path(), file)) return true;
    }
    return false;
}

spoken bound_drainfs::act(const heard& h) {
    if (h.target == "/health") return {{{"umount_wait", gate ? "gate" : "api"}}};
    if (h.method == "POST") return make(h.body);
    const int id = std::stoi(h.target.substr(std::string("/mounts/").size()));
    auto mount = shown(id);
    if (h.target.find("/wait?state=dead&") != std::string::npos && mount["phases_ns"]["dead"].is_null())
        return refusal("408 Request Timeout", "timed_out", "it lives");
    return {mount};
}

spoken bound_drainfs::make(const json& body) {
    if (!refuses.empty()) return refusal("409 Conflict", "refused", refuses);
    const int id = static_cast<int>(mounts_.size()) + 1;
    auto& m = mounts_[id];
    m.dir = body.at("dir");
    m.store = body.at("store");
    if (!mounts_nothing) {
        if (::mount(m.store.c_str(), m.dir.c_str(), nullptr, MS_BIND, nullptr) != 0)
            return refusal("500 Internal Server Error", "failed", "bind " + m.dir);
        m.number = machine::mount_at(machine::read_mountinfo(), m.dir)->id;
    }
    return {{{"id", id}}, "201 Created"};
}

void bound_drainfs::look_at(mount& m) const {
    if (m.detached == 0 && !mounted(m.number)) m.detached = lazy::now_ns();
    if (m.detached == 0 || m.dead != 0 || (!hasty && held_by_anybody(m.store + "/file", m.store))) return;
    m.dead = lazy::now_ns();
    if (loses_bytes) fs::resize_file(m.store + "/file", 0);
}

json bound_drainfs::shown(int id) {
    auto& m = mounts_.at(id);
    look_at(m);
    return {{"id", id},
            {"umount_wait", gate ? "gate" : "api"},
            {"violations", violations},
            {"phases_ns",
             {{"detached", instant(m.detached)},
              {"drain_begins", instant(m.dead)},
              {"drained", instant(m.dead)},
              {"dead", instant(m.dead)}}}};
}

}  // namespace drainlab::test
