// Which QEMU runs the guests, and how.
#pragma once

#include "controller/client/failure.hpp"

#include <string>
#include <vector>

namespace drainlab::lab {

/// How the guest's instructions are run.
enum class accelerator {
    icount,  ///< emulated, time counted in instructions: whatever the host does, the guest's clock does not feel it
    tcg,     ///< emulated, a thread per CPU: true concurrency, but times are the host's; for function only
    kvm,     ///< the host's CPU
};
/// "icount", "tcg", "kvm". Static.
const char* name_of(accelerator a);

/// A QEMU that was found, and what it needs to run.
struct qemu {
    std::string program;
    std::string library_path;            ///< for LD_LIBRARY_PATH, empty: the system's
    std::vector<std::string> data_dirs;  ///< firmware
    std::string version;                 ///< "10.0.2"
};

/// $DRAINLAB_QEMU, else the one that workloads/lab/fetch-qemu unpacked into the cache, else PATH's. Exit 4 where there
/// is none.
client::result<qemu> find_qemu();

/// The version in what `qemu-system-x86_64 --version` prints; empty where there is none.
std::string version_in(const std::string& text);

/// Whether this QEMU can do that; a failure names what does.
client::result<void> check_accelerator(const qemu& q, accelerator a, int cpus);

/// Whether /dev/kvm can be opened. That a guest runs with it only its hello shows.
bool kvm_is_there();

/// One virtual machine.
struct machine_order {
    accelerator accel = accelerator::icount;
    int cpus = 4;
    int memory_mib = 1024;
    std::string vmlinuz, initramfs;  ///< paths
    std::string command_line;        ///< what the guest is told
    std::string console, protocol;   ///< paths of what the two serial ports say
};

/// The words that start it.
std::vector<std::string> command_of(const qemu& q, const machine_order& m);

}  // namespace drainlab::lab
