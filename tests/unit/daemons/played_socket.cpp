// The socket of a daemon that is played: connections, requests, events.
#include "tests/unit/daemons/played_drainfs.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

#include <poll.h>
#include <unistd.h>

namespace drainlab::test {

using nlohmann::json;

namespace {

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

}  // namespace

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

}  // namespace drainlab::test
