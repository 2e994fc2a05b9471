#include "controller/machine/load.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace drainlab::machine {

double load_average() {
    double one = 0;
    return getloadavg(&one, 1) == 1 ? one : 0;
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

double busy_share(const cpu_ticks& before, const cpu_ticks& after) {
    if (after.all <= before.all || after.busy < before.busy) return 0;
    return static_cast<double>(after.busy - before.busy) / static_cast<double>(after.all - before.all);
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
    return before && after ? busy_share(*before, *after) : 0;
}

}  // namespace drainlab::machine
