// Mappings. Reading /proc/PID/maps takes the lock of that process's memory, which a process that is stuck may hold: a
// child reads.
#include "controller/machine/holders/asking.hpp"
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

namespace drainlab::machine {

namespace {

/// A path of `maps` that lies on the superblock, or "".
std::string on_target(const survey& s, const std::string& maps, const std::string& device) {
    if (const auto path = mapped_path(maps, device); !path.empty()) return std::string(path);
    if (!s.self || (s.self->fstype != "btrfs" && s.self->fstype != "overlay")) return {};
    // Files there have devices of their own: go by the path.
    const auto at = maps.find(" " + s.self->dir + "/");
    if (at == std::string::npos) return {};
    return maps.substr(at + 1, maps.find('\n', at) - at - 1);
}

/// "INDEX PATH" for each process, PATH empty where nothing is mapped; from `first` on.
answer read_maps(const survey& s, std::size_t first) {
    const std::string device = device_in_maps(s.what.major, s.what.minor);
    return ask_in_child(
        [&](int out) {
            for (std::size_t i = first; i < s.processes.size(); ++i)
                tell(out, fmt::format("{} {}\n", i, on_target(s, read_text(s.processes[i].dir + "/maps"), device)));
            return 0;
        },
        std::chrono::milliseconds(500));
}

}  // namespace

void find_mapped(survey& s) {
    constexpr int stuck_limit = 5;
    std::size_t next = 0;
    for (int stuck = 0; next < s.processes.size();) {
        const auto said = read_maps(s, next);
        std::string_view text = said.text;
        for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
            const auto line = text.substr(0, end);
            const auto& p = s.processes[next++];
            if (const auto path = line.substr(line.find(' ') + 1); !path.empty())
                s.add(p, "mmap", without_octal(path), s.our_ns == p.mntns || s.blocks(0, p.mntns));
            text.remove_prefix(end + 1);
        }
        if (said.finished || next >= s.processes.size()) return;
        const auto& p = s.processes[next++];
        s.may_hold("stuck",
                   fmt::format("the mappings of pid {} ({}) cannot be read: it is stuck in the kernel", p.pid,
                               name_of_process(p.dir)),
                   fmt::format("drainctl why, or /proc/{}/stack, tells where", p.pid));
        if (++stuck == stuck_limit) return;
    }
}

}  // namespace drainlab::machine
