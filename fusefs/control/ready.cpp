#include "fusefs/control/ready.hpp"

#include <nlohmann/json.hpp>

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

void tell_failed(int fd, int exit, const std::string& code, const std::string& message, const std::string& hint) {
    const nlohmann::json line{{"error", {{"code", code}, {"message", message}, {"hint", hint}, {"exit", exit}}}};
    say(fd, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace drainlab::control
