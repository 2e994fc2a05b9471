#include "tests/unit/strategy/played_ground.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unistd.h>

namespace drainlab::test {

using nlohmann::json;
namespace fs = std::filesystem;

std::int64_t played_ground::now_ns() {
    int looks;
    std::int64_t now;
    {
        const std::lock_guard held(mutex_);
        looks = ++looks_;
        now = now_;
    }
    on_clock(looks);
    return now;
}

bool played_ground::busy(const std::string& dir) const {
    return std::any_of(open_.begin(), open_.end(), [&](const auto& o) { return o.second.dir == dir; });
}

void played_ground::advance(std::int64_t to) {
    for (;;) {
        const auto next = std::min_element(open_.begin(), open_.end(),
                                           [](auto& a, auto& b) { return a.second.until < b.second.until; });
        if (next == open_.end() || next->second.until > to) break;
        const auto [dir, until] = next->second;
        now_ = std::max(now_, until);
        close(next->first);
        open_.erase(next);
        if (const auto it = deaths_.find(dir); it != deaths_.end() && it->second == 0) it->second = now_;
    }
    now_ = std::max(now_, to);
}

int played_ground::unmount(const std::string& dir, bool lazily) {
    const std::lock_guard held(mutex_);
    calls.push_back((lazily ? "lazy " : "plain ") + fs::path(dir).filename().string());
    advance(now_ + ms);
    if (!lazily && busy(dir)) return EBUSY;
    deaths_[dir] = busy(dir) ? 0 : now_;
    return 0;
}

void played_ground::pause(std::chrono::nanoseconds length) {
    const std::lock_guard held(mutex_);
    pauses.push_back(length.count() / ms);
    advance(now_ + length.count());
}

void played_ground::close_after(int fd, std::chrono::nanoseconds length) {
    const std::lock_guard held(mutex_);
    holds.push_back(length.count() / ms);
    const fs::path file = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
    open_[fd] = {file.parent_path(), now_ + length.count()};
}

void played_ground::wait_closed() {
    const std::lock_guard held(mutex_);
    while (!open_.empty()) advance(open_.begin()->second.until);
}

std::int64_t played_ground::death_of(const std::string& dir) {
    const std::lock_guard held(mutex_);
    const auto it = deaths_.find(dir);
    return it == deaths_.end() ? 0 : it->second;
}

std::size_t played_ground::still_open() {
    const std::lock_guard held(mutex_);
    return open_.size();
}

played_drainfs::played_drainfs(played_ground& machine)
    : machine_{machine}, daemon{[this](const heard& h) { return act(h); }} {
    for (int i = 0; i < 8; ++i)
        for (const char* name : {"m", "s"}) fs::create_directory(f / (name + std::to_string(i)));
}

spoken played_drainfs::act(const heard& h) {
    if (h.target == "/health") return {{{"umount_wait", "gate"}}};
    if (h.method == "POST") return make(h.body);
    const auto id = std::stoul(h.target.substr(std::string("/mounts/").size()));
    const auto died = machine_.death_of(dirs_.at(id - 1));
    if (died == 0) return refusal("408 Request Timeout", "timed_out", "it lives");
    return {{{"id", id}, {"violations", violations}, {"phases_ns", {{"detached", died}, {"dead", died}}}}};
}

spoken played_drainfs::make(const json& body) {
    if (++asked_for_ > refuse_from) return refusal("409 Conflict", "refused", "no room");
    dirs_.push_back(body.at("dir"));
    return {{{"id", dirs_.size()}}, "201 Created"};
}

}  // namespace drainlab::test
