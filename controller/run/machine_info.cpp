#include "controller/run/machine_info.hpp"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <fstream>
#include <sched.h>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace drainlab::run {

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
    return e;
}

std::optional<cpu_ticks> parse_cpu_ticks(const std::string& stat) {
    std::istringstream line{stat.substr(0, stat.find('\n'))};
    std::string cpu;
    std::uint64_t user{}, nice{}, system{}, idle{}, iowait{}, irq{}, softirq{}, steal{};
    line >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    if (!line || cpu != "cpu") return std::nullopt;
    const auto busy = user + nice + system + irq + softirq + steal;
    return cpu_ticks{busy, busy + idle + iowait};
}

double cpu_share_of_others(std::chrono::milliseconds window) {
    const auto now = [] {
        std::ifstream file{"/proc/stat"};
        std::string line;
        std::getline(file, line);
        return parse_cpu_ticks(line);
    };
    const auto before = now();
    std::this_thread::sleep_for(window);
    const auto after = now();
    if (!before || !after || after->all <= before->all) return 0;
    return static_cast<double>(after->busy - before->busy) / static_cast<double>(after->all - before->all);
}

}  // namespace drainlab::run
