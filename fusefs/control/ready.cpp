#include "fusefs/control/ready.hpp"

#include "fusefs/control/http.hpp"

#include <unistd.h>

namespace drainlab::control {
namespace {

void say(int fd, const std::string& line) {
    if (fd < 0) return;
    // The reader may have gone: that is its business (SIGPIPE is ignored).
    [[maybe_unused]] const auto written = write(fd, line.data(), line.size());
    close(fd);
}

}  // namespace

void tell_ready(int fd) { say(fd, "ready\n"); }

void tell_failed(int fd, const std::string& code, const std::string& message, const std::string& hint) {
    say(fd, error_response({500, code, message, hint}).body + "\n");
}

}  // namespace drainlab::control
