#include "controller/real/machine_info.hpp"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <fstream>
#include <sched.h>
#include <unistd.h>

namespace drainlab::real {

report::environment_info machine_info() {
    report::environment_info e;
    utsname u{};
    if (uname(&u) == 0) e.kernel = u.release;
    cpu_set_t cpus;
    e.cpus = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : get_nprocs();
    struct sysinfo info {};
    if (sysinfo(&info) == 0) e.memory_mib = static_cast<std::uint64_t>(info.totalram) * info.mem_unit >> 20;
    e.libfuse = DRAINLAB_LIBFUSE;
    e.root = geteuid() == 0;
    if (std::ifstream governor{"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"}; governor) {
        std::string word;
        if (governor >> word) e.governor = word;
    }
    return e;
}

}  // namespace drainlab::real
