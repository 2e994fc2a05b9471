#include "tests/unit/daemons/played_drainfs.hpp"

#include "tests/program_file.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>
#include <poll.h>
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

bool send_all(int fd, const std::string& text) {
    return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

/// The first request in `in`, which is taken away from it; nothing while it is not whole.
std::optional<asked> next_request(std::string& in) {
    const auto head = in.find("\r\n\r\n");
    if (head == std::string::npos) return std::nullopt;
    const std::string length = "Content-Length: ";
    const auto at = in.find(length);
    const auto size = at < head ? std::stoul(in.substr(at + length.size())) : 0;
    if (in.size() < head + 4 + size) return std::nullopt;
    const auto what = in.substr(0, in.find(" HTTP/"));
    const auto mark = what.find('?');
    asked request{what.substr(0, mark), mark == std::string::npos ? "" : what.substr(mark + 1), {}};
    if (size > 0) request.body = json::parse(in.substr(head + 4, size));
    in.erase(0, head + 4 + size);
    return request;
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

void played_drainfs::tell(const json& event) {
    const std::lock_guard held{mutex_};
    for (const auto& [fd, c] : open_)
        if (c.hears_events) send_all(fd, "data: " + event.dump() + "\n\n");
}

void played_drainfs::end_events() {
    const std::lock_guard held{mutex_};
    for (const auto& [fd, c] : open_)
        if (c.hears_events) shutdown(fd, SHUT_RDWR);
}

void played_drainfs::serve() {
    while (!over_) {
        std::vector<pollfd> all{{listener_, POLLIN, 0}};
        for (const auto& [fd, _] : open_) all.push_back({fd, POLLIN, 0});
        if (poll(all.data(), all.size(), -1) < 0) continue;
        for (const auto& one : all)
            if (one.revents != 0) take(one.fd);
    }
}

void played_drainfs::take(int fd) {
    if (fd == listener_) {
        const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        const std::lock_guard held{mutex_};
        if (peer >= 0) open_[peer];
    } else if (!hear(fd, open_.at(fd))) {
        const std::lock_guard held{mutex_};
        open_.erase(fd);
        close(fd);
    }
}

bool played_drainfs::hear(int fd, connection& from) {
    char piece[4096];
    const auto n = read(fd, piece, sizeof piece);
    if (n <= 0) return false;
    from.in.append(piece, static_cast<std::size_t>(n));
    while (const auto request = next_request(from.in))
        if (!reply(fd, from, *request)) return false;
    return true;
}

bool played_drainfs::reply(int fd, connection& to, const asked& request) {
    answerer other;
    {
        const std::lock_guard held{mutex_};
        all_.push_back(request);
        other = other_;
        to.hears_events = request.what == "GET /events";
    }
    if (to.hears_events) return send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    auto a = other ? other(request) : std::nullopt;
    if (!a) a = plain_answer(request);
    if (a->then != answer::keep) return a->then == answer::silence;
    const auto body = a->body.dump();
    return send_all(fd,
                    fmt::format("HTTP/1.1 {} Played\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                a->status, body.size(), body));
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
