#include "fusefs/gate/short_slice.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstdint>
#include <sched.h>
#include <unistd.h>

namespace drainlab::gate {

void ask_for_short_slices() noexcept {
    struct {  // struct sched_attr, include/uapi/linux/sched/types.h, as of its first version
        std::uint32_t size, policy;
        std::uint64_t flags;
        std::int32_t nice;
        std::uint32_t priority;
        std::uint64_t runtime, deadline, period;
    } attr{};
    attr.size = sizeof attr;
    attr.policy = SCHED_OTHER;
    attr.nice = getpriority(PRIO_PROCESS, 0);
    attr.runtime = 100'000;  // ns; the least that there is
    if (sched_getscheduler(0) == SCHED_OTHER) (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

}  // namespace drainlab::gate
