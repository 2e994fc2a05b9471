#include "controller/machine/holders/asking.hpp"

#include "controller/machine/child.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <unistd.h>

namespace drainlab::machine {

answer ask_in_child(const std::function<int(int out)>& body, std::chrono::milliseconds patience) {
    answer a;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return a;
    const os::unique_fd listen{ends[0]};
    os::unique_fd speak{ends[1]};
    birth how;
    how.descriptors = {{speak.get(), 3}};
    how.dies_with_us = true;
    auto started = child::start(how, [&] { return body(3); });
    speak.reset();
    if (!started) return a;
    for (;;) {
        pollfd p{listen.get(), POLLIN, 0};
        const int n = poll(&p, 1, static_cast<int>(patience.count()));
        if (n < 0 && errno == EINTR) continue;
        char text[4096];
        const ssize_t got = n > 0 ? read(listen.get(), text, sizeof text) : -1;
        if (got <= 0) {
            a.finished = got == 0;
            break;
        }
        a.text.append(text, static_cast<std::size_t>(got));
    }
    auto& asked = started.value();
    asked.send(SIGKILL);
    if (!asked.wait(a.finished ? std::chrono::milliseconds(2'000) : std::chrono::milliseconds(100)))
        asked.let_go();  // in a system call that even SIGKILL does not end: it ends with that call
    return a;
}

void tell(int out, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = write(out, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace drainlab::machine
