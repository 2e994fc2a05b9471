// A control socket that answers what the test has written down.
#pragma once
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace drainlab::test {

/// A socket that is listened on, in a directory of its own, which goes with it.
class listening_socket {
  public:
    listening_socket() {
        fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        path().copy(where.sun_path, sizeof where.sun_path - 1);
        REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
        REQUIRE(listen(fd_, 8) == 0);
    }
    listening_socket(const listening_socket&) = delete;
    listening_socket& operator=(const listening_socket&) = delete;
    ~listening_socket() { close(fd_); }
    std::string path() const { return dir_ / "s.sock"; }
    /// The next connection; the caller closes it.
    int next() const { return accept(fd_, nullptr, nullptr); }
    /// From now on there is none: next() is -1.
    void close_door() const { shutdown(fd_, SHUT_RDWR); }

  private:
    tests::own_folder dir_;
    int fd_ = -1;
};

/// Answers one connection with prepared bytes, one piece per request it reads; then closes.
class canned_server {
  public:
    explicit canned_server(std::vector<std::string> answers) : answers_(std::move(answers)) {
        thread_ = std::thread([this] { serve(); });
    }
    ~canned_server() {
        if (thread_.joinable()) thread_.join();
    }
    std::string path() const { return listener_.path(); }
    std::string seen;
    /// All that it has read, once it has answered all.
    std::string seen_when_over() {
        if (thread_.joinable()) thread_.join();
        return seen;
    }

  private:
    void serve() {
        const int peer = listener_.next();
        for (const auto& answer : answers_) {
            char buffer[4096];
            const auto n = read(peer, buffer, sizeof buffer);
            if (n <= 0) break;
            seen.append(buffer, static_cast<std::size_t>(n));
            [[maybe_unused]] const auto w = write(peer, answer.data(), answer.size());
        }
        close(peer);
    }

    std::vector<std::string> answers_;
    listening_socket listener_;
    std::thread thread_;
};

inline std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace drainlab::test
