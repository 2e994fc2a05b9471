#include "tests/bench/floor_daemon.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace drainlab::bench {

floor_daemon::floor_daemon(const std::string& socket) : socket_{socket} {
    int lifeline[2], ready[2];
    if (::pipe(lifeline) != 0 || ::pipe(ready) != 0) std::exit(5);
    pid_ = ::fork();
    if (pid_ == 0) {
        const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "drainfs";
        const std::string life = std::to_string(lifeline[0]), tell = std::to_string(ready[1]);
        ::close(lifeline[1]);
        ::execl(program.c_str(), "drainfs", "--socket", socket.c_str(), "--profile", "zero", "--policy", "persb",
                "--linger", "0", "--lifeline", life.c_str(), "--ready-fd", tell.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(lifeline[0]);
    ::close(ready[1]);
    char line[256]{};
    if (::read(ready[0], line, sizeof line - 1) < 5 || std::strncmp(line, "ready", 5) != 0) {
        std::fprintf(stderr, "drainfs did not start: %s\n", line);
        std::exit(4);
    }
    lifeline_ = lifeline[1];
}
floor_daemon::~floor_daemon() {
    ::close(lifeline_);
    ::waitpid(pid_, nullptr, 0);
}

namespace {

os::unique_fd connect_to(const std::string& socket) {
    os::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
}

/// Whether all of an answer is there.
bool whole(const std::string& answer) {
    const auto head = answer.find("\r\n\r\n"), length = answer.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos) return false;
    return answer.size() >= head + 4 + std::strtoul(answer.c_str() + length + 16, nullptr, 10);
}

}  // namespace

bool floor_daemon::request(const std::string& method_and_path, const std::string& body,
                           const std::string& status) const {
    thread_local os::unique_fd kept;  // as clients of HTTP do; there is one daemon in a run
    if (!kept) kept = connect_to(socket_);
    const std::string text = method_and_path +
                             " HTTP/1.1\r\nHost: drainfs\r\nContent-Type: application/json\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;
    std::string answer;
    if (::write(kept.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
        char part[4096];
        for (ssize_t n; !whole(answer) && (n = ::read(kept.get(), part, sizeof part)) > 0;)
            answer.append(part, static_cast<std::size_t>(n));
    }
    if (answer.find(" " + status + " ") == 8) return true;
    std::fprintf(stderr, "%s: %s\n", method_and_path.c_str(), answer.c_str());
    return false;
}

bool floor_daemon::mount(const std::string& dir, const std::string& name) const {
    return request("POST /mounts", R"({"dir":")" + dir + R"(","name":")" + name + R"("})", "201");
}

bool floor_daemon::wait_dead(const std::string& name) const {
    return request("GET /mounts/" + name + "/wait?state=dead&timeout_ms=5000", "", "200");
}

}  // namespace drainlab::bench
