#include "tests/unit/daemons/played_drainfs.hpp"

#include "tests/program_file.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace drainlab::test {

using nlohmann::json;

namespace {

void connect_or_bind(int (*how)(int, const sockaddr*, socklen_t), int fd, const std::string& path) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    path.copy(where.sun_path, sizeof where.sun_path - 1);
    if (how(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) throw std::runtime_error{path};
}

std::string last_word(const std::string& what) { return what.substr(what.rfind('/') + 1); }

/// Of "GET /mounts/3/wait": 3.
int id_in(const std::string& what) { return std::stoi(what.substr(what.find("/mounts/") + 8)); }

}  // namespace

played_drainfs::played_drainfs()
    : health{{"umount_wait", "gate"}, {"identity", "session"}, {"memcg_death", "poll"}, {"limits", json::array()}},
      counters{{"switches", {{"queued", 1'000'000}}}, {"isw_nr_in_flight", 1}},
      taken{{"switches", {{"queued", 5}, {"done", 5}}}, {"violations", json::array()}},
      mount{{"umount_wait", "gate"}, {"drain", {{"calls", 1}, {"in_flight_at_entry", 1}}}},
      socket_{folder_ / "daemon"},
      listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    connect_or_bind(::bind, listener_, socket_);
    if (listen(listener_, 64) != 0) throw std::runtime_error{socket_};
    tests::write_program(program(), fmt::format(R"sh(#!/bin/sh
echo "$*" >'{0}/words'
echo $$ >'{0}/pid'
while [ $# -gt 0 ]; do
    [ "$1" != --socket ] || ln -sf '{1}' "$2"
    shift
done
echo "the played daemon's log"
echo ready >&3
exec 3>&-
read -r nothing <&4
exit 0
)sh",
                                                folder_.dir, socket_));
    thread_ = std::thread{[this] { serve(); }};
}

played_drainfs::~played_drainfs() {
    over_ = true;
    const int last = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connect_or_bind(::connect, last, socket_);  // it looks up
    thread_.join();
    close(last);
    close(listener_);
    for (const auto& [fd, _] : open_) close(fd);
}

std::string played_drainfs::program() const { return folder_ / "program"; }

std::vector<std::string> played_drainfs::words() const {
    std::vector<std::string> all;
    std::ifstream file{folder_ / "words"};
    for (std::string word; file >> word;) all.push_back(word);
    return all;
}

pid_t played_drainfs::pid() const {
    pid_t number = -1;
    std::ifstream{folder_ / "pid"} >> number;
    return number;
}

void played_drainfs::answer_with(answerer other) {
    const std::lock_guard held{mutex_};
    other_ = std::move(other);
}

std::vector<std::string> played_drainfs::requests() const {
    const std::lock_guard held{mutex_};
    std::vector<std::string> whats;
    for (const auto& one : all_) whats.push_back(one.what);
    return whats;
}

std::vector<json> played_drainfs::bodies(const std::string& what) const {
    const std::lock_guard held{mutex_};
    std::vector<json> found;
    for (const auto& one : all_)
        if (one.what == what) found.push_back(one.body);
    return found;
}

std::string played_drainfs::dir_of(int id) const {
    const std::lock_guard held{mutex_};
    return mounts_.at(static_cast<std::size_t>(id - 1))["dir"];
}

answer played_drainfs::plain_answer(const asked& request) {
    const auto& what = request.what;
    if (what == "GET /health") return {200, health};
    if (what == "GET /counters") return {200, counters};
    if (what == "POST /counters/take") return {200, taken};
    if (what.starts_with("PUT /") || last_word(what) == "umount") return {};
    const std::lock_guard held{mutex_};
    if (what == "POST /mounts") {
        mounts_.push_back(mount);
        mounts_.back().update(request.body);
        mounts_.back()["id"] = mounts_.size();
        return {201, mounts_.back()};
    }
    if (what.starts_with("GET /mounts/")) return {200, mounts_.at(static_cast<std::size_t>(id_in(what) - 1))};
    return {404, {{"error", {{"code", "not_found"}, {"message", "no " + what + " here"}}}}};
}

}  // namespace drainlab::test
