#include "controller/cli/stop_signals.hpp"

#include "controller/machine/signals.hpp"

#include <atomic>
#include <csignal>

namespace drainlab::cli {

namespace {

std::atomic<bool> asked{false};  // lock-free: also for threads that look
static_assert(std::atomic<bool>::is_always_lock_free);
void on_signal(int) { asked = true; }

}  // namespace

void heed_signals() {
    struct sigaction act {};
    act.sa_handler = on_signal;
    for (const int signal : machine::ending_signals()) sigaction(signal, &act, nullptr);
}

bool asked_to_stop() noexcept { return asked; }

}  // namespace drainlab::cli
