#include "controller/lazy/stage.hpp"

#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::lazy {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

void need(bool fine, const std::string& what) {
    if (!fine) throw trouble{what + ": " + std::strerror(errno)};
}

template <class T>
T value_of(client::result<T> r) {
    if (!r) throw trouble{r.error().message};
    return std::move(r.value());
}

}  // namespace

std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

scene::scene(client::blocking_client& api, std::string dir, std::string store, std::chrono::milliseconds delay,
             step& into)
    : api_(api), dir_(std::move(dir)), store_(std::move(store)), delay_(delay), into_(into), begun_(now_ns()) {
    std::filesystem::create_directories(store_);
}

std::string scene::mount_on(const std::string& store, std::chrono::milliseconds delay, const std::string& text) {
    const json body{
        {"dir", dir_}, {"store", store}, {"umount_delay_ms", delay.count()}, {"umount_wait", api_.any_umount_wait()}};
    const auto made = value_of(api_.post("/mounts", body));
    const int fd = open((dir_ + "/file").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    need(fd >= 0, "create " + dir_ + "/file");
    const os::unique_fd file(fd);
    append(file, text);
    return std::to_string(made.at("id").get<int>());
}

void scene::mount(const std::string& text) {
    id_ = mount_on(store_, delay_, text);
    mounted_ = now_ns();
    const auto line = machine::mount_at(machine::read_mountinfo(), dir_);
    if (!line) throw trouble{dir_ + ": not in mountinfo"};
    major_ = line->major;
    minor_ = line->minor;
    note("mounted, a file written");
}

std::string scene::mount_again(const std::string& text) {
    std::string store = store_ + "-second";
    std::filesystem::create_directories(store);
    (void)mount_on(store, 0ms, text);
    note("another filesystem mounted on the same name, a file written there");
    return store;
}

os::unique_fd scene::open_file() const {
    const int fd = open((dir_ + "/file").c_str(), O_RDWR | O_CLOEXEC);
    need(fd >= 0, "open " + dir_ + "/file");
    return os::unique_fd(fd);
}

void scene::append(const os::unique_fd& fd, const std::string& text) const {
    need(lseek(fd.get(), 0, SEEK_END) >= 0, "lseek");
    need(write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
}

std::int64_t scene::detach() {
    const auto took = timed("umount -l", "umount -l", [&] {
        need(umount2(dir_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0, "umount2(" + dir_ + ", MNT_DETACH)");
    });
    return took;
}

void scene::note(std::string what) { into_.events.push_back({now_ns() - begun_, std::move(what)}); }

void scene::bar(const std::string& lane, std::int64_t from_ns, std::int64_t to_ns) {
    into_.spans.push_back({lane, from_ns - begun_, to_ns - begun_});
}

std::int64_t scene::timed(const std::string& lane, const std::string& what, const std::function<void()>& act) {
    const auto from = now_ns();
    note(what + " is called");
    act();
    const auto to = now_ns();
    note(what + " returns");
    bar(lane, from, to);
    return to - from;
}

void scene::claim(std::string text, bool held) { into_.claims.push_back({std::move(text), held}); }

json scene::state() const { return value_of(api_.get("/mounts/" + id_)); }

bool scene::shutting_down() const { return !state().at("phases_ns").at("drain_begins").is_null(); }

bool scene::dead() const { return !state().at("phases_ns").at("dead").is_null(); }

void scene::wait_dead() {
    const auto mount = value_of(api_.wait_state(id_, "dead", 30s));
    const auto& phases = mount.at("phases_ns");
    const auto at = [&](const char* phase) {
        return phases.at(phase).is_null() ? begun_ : phases.at(phase).get<std::int64_t>();
    };
    for (const auto& [phase, words] : {std::pair{"detached", "the name is gone"},
                                       {"drain_begins", "the superblock's shutdown reaches its drain"},
                                       {"drained", "drained"},
                                       {"dead", "the superblock is dead"}})
        if (!phases.at(phase).is_null()) into_.events.push_back({at(phase) - begun_, words});
    bar("name", mounted_, at("detached"));
    bar("drain", at("drain_begins"), at("drained"));
    bar("superblock", mounted_, at("dead"));
    std::stable_sort(into_.events.begin(), into_.events.end(),
                     [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
    claim("no invariant is violated", mount.at("violations").empty());
}

std::string scene::stored(const std::string& store) const { return machine::read_text(store + "/file"); }

}  // namespace drainlab::lazy
