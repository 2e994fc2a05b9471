#include "workloads/guest/channel.hpp"

#include "workloads/guest/system.hpp"

#include <sys/reboot.h>

#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace drainlab::guest {
namespace {

void write_all(int fd, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const auto n = write(fd, text.data() + done, text.size() - done);
        if (n <= 0) return;
        done += static_cast<std::size_t>(n);
    }
}

[[noreturn]] void end_machine(int fd) {
    tcdrain(fd);
    for (;;) {
        reboot(RB_AUTOBOOT);
        sleep(1);
    }
}

}  // namespace

channel::channel() {
    fd_ = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd_ < 0) fd_ = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios raw{};
    if (tcgetattr(fd_, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(fd_, TCSANOW, &raw);
    }
}

void channel::send(const json_line& line) {
    write_all(fd_, line.str() + "\n");
    if (heartbeat_ >= 0) write_all(heartbeat_, ".");
}

void channel::give_up(const std::string& text) {
    send(json_line("error").text("text", text));
    end_machine(fd_);
}

void channel::farewell() {
    send(json_line("bye").number("virtual_ns", now_ns()));
    end_machine(fd_);
}

void channel::start_watchdog(int seconds) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return warn(std::string("no watchdog: ") + std::strerror(errno));
    if (fork() == 0) {
        close(ends[1]);
        char beats[256];
        for (pollfd p{ends[0], POLLIN, 0}; poll(&p, 1, seconds * 1000) > 0;)
            if (read(ends[0], beats, sizeof beats) <= 0) _exit(0);
        give_up("nothing went on for " + std::to_string(seconds) + " s of the guest's time");
    }
    close(ends[0]);
    heartbeat_ = ends[1];
}

}  // namespace drainlab::guest
