#include "fusefs/os/own_table.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

namespace drainlab::os {

namespace {
void close_between(unsigned first, unsigned last) {
    if (first <= last) ::syscall(SYS_close_range, first, last, 0u);
}
}  // namespace

bool leave_descriptors(std::vector<int> keep, own what) {
    if (::unshare(what == own::descriptors ? CLONE_FILES : CLONE_FILES | CLONE_FS) != 0) return false;
    std::sort(keep.begin(), keep.end());
    unsigned next = 3;
    for (const int fd : keep) {
        const auto number = static_cast<unsigned>(fd);
        if (number < next) continue;
        close_between(next, number - 1);
        next = number + 1;
    }
    close_between(next, ~0u);
    return true;
}

void block_signals() noexcept {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace drainlab::os
