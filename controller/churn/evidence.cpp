#include "controller/churn/evidence.hpp"

#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace drainlab::churn {

namespace {

/// Our own descriptors below `dir`: find_holders() leaves this process out.
std::string own_descriptors(const std::string& dir) {
    std::string found;
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ec)) {
        const auto to = std::filesystem::read_symlink(entry.path(), ec).string();
        if (!ec && to.starts_with(dir + "/")) found += "; ours: fd " + to;
    }
    return found;
}

}  // namespace

evidence look_at(const std::string& dir) {
    evidence e;
    machine::target what;
    what.dir = dir;
    for (const auto& m : machine::read_mountinfo()) {
        if (m.dir != dir) continue;
        e.mounted = true;
        what.major = m.major;
        what.minor = m.minor;
        e.text += fmt::format("{}mountinfo: {} {} {} {} {} {}", e.text.empty() ? "" : "; ", m.id, m.parent, m.dev(),
                              m.fstype, m.source, m.options);
    }
    if (!e.mounted) {
        e.text = "mountinfo: nothing is mounted there";
        return e;
    }
    std::string who = own_descriptors(dir);
    e.by_us = !who.empty();
    for (const auto& h : machine::find_holders(what).holders) {
        who += "; " + machine::describe(h);
        e.by_us = e.by_us || h.comm.starts_with("drain");  // drainctl and its children, drainfs, drainfs-gate
    }
    e.text += who.empty() ? "; nobody holds it" : who;
    return e;
}

}  // namespace drainlab::churn
