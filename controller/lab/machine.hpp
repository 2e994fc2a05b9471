// One guest from start to end, watched.
#pragma once

#include "controller/lab/protocol.hpp"
#include "controller/lab/qemu.hpp"

#include <functional>
#include <string>

namespace drainlab::lab {

/// What a guest may take for one step before it counts as hung. CPU time of QEMU, as the host's load must not count.
struct patience {
    double hello_s = 60;      ///< from start to its first word
    double step_s = 300;      ///< from word to word
    double kvm_hello_s = 20;  ///< of the wall clock, with KVM: a guest that gets no time there must be seen
};

/// How a guest ended.
struct machine_end {
    bool said_bye = false;
    bool said_hello = false;
    bool stopped = false;  ///< we were asked to stop
    std::string why;       ///< one line, unless it said bye or was stopped
    double cpu_s = 0.0;    ///< of QEMU
    std::string console;   ///< all that the kernel said
};

/// Starts the guest, hands every message to `take`, ends it when `stop` says so or when it is silent for too long. The
/// QEMU
/// process dies with this one.
client::result<machine_end> run_machine(const qemu& q, const machine_order& order, const patience& limits,
                                        const std::function<void(const message&)>& take,
                                        const std::function<bool()>& stop);

/// The line of a console that says best what happened: a panic, an oops, else the last one. Pure.
std::string telling_line(const std::string& console);

/// The kernel's complaint of busy inodes in a console; empty without one.
std::string busy_inodes_line(const std::string& console);

}  // namespace drainlab::lab
