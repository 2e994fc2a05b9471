// What may hold and cannot be seen.
#include "controller/machine/holders/survey.hpp"

namespace drainlab::machine {

namespace {

constexpr std::uint64_t first_pid_namespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO, include/linux/proc_ns.h

}  // namespace

void say_what_is_unseen(survey& s) {
    const auto pids = namespace_number(link_text(s.proc + "/self/ns/pid"));
    if (pids != 0 && pids != first_pid_namespace)
        s.may_hold("pid-namespace", "we are in a pid namespace: processes outside of it cannot be seen",
                   "ask again from the host: drainctl why " + std::to_string(s.what.major) + ":" +
                       std::to_string(s.what.minor));
    if (s.found.any_blocks() || s.found.unseen > 0 || !s.self) return;
    s.may_hold("ring",
               "if it is busy all the same: a file of an io_uring whose process has ended stays open until the ring is "
               "taken down",
               "--retry 2s; kernel threads named iou-* work for rings");
    s.may_hold("kernel",
               "if it is busy all the same: the kernel itself may hold it, by an NFS export, a uprobe, a block target "
               "or USB gadget with a file here",
               "exportfs -v; /sys/kernel/tracing/uprobe_events; /sys/kernel/config");
}

}  // namespace drainlab::machine
