#include "controller/cli/probes.hpp"

#include "controller/cli/probe_checks.hpp"
#include "controller/machine/program.hpp"

#include <fmt/format.h>

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>

namespace drainlab::cli {

namespace probes {
namespace {

check kernel() {
    utsname name{};
    uname(&name);
    int major = 0, minor = 0;
    if (std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return warning("kernel", name.release, "");
    const std::string detail = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
    if (major > 5 || (major == 5 && minor >= 10)) return good("kernel", detail);
    return warning("kernel", detail, "5.10 or newer is what drainlab is tried on");
}

check programs() {
    const auto daemon = machine::find_program("drainfs"), gate = machine::find_program("drainfs-gate");
    if (!daemon) return bad("programs", daemon.error().message, "build or install drainfs beside drainctl");
    if (!gate)
        return warning("programs", gate.error().message,
                       "build or install drainfs-gate; only drainctl umount waits for drains without it");
    return good("programs", daemon.value() + ", " + gate.value());
}

check descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const std::string detail = fmt::format("{} (hard limit {})", limit.rlim_cur, limit.rlim_max);
    if (limit.rlim_max >= 4096) return good("descriptors", detail);
    return warning("descriptors", detail, "ulimit -n 4096: each mount takes a few");
}

}  // namespace
}  // namespace probes

std::vector<check> probe_machine() {
    using namespace probes;
    const std::string cgroup = cgroup_directory();
    std::vector<check> all{kernel(),          programs(),      fuse_device(),         mounting(),    fusermount(),
                           user_namespaces(), cgroups(cgroup), cgroup_events(cgroup), gate_call(),   detach_events(),
                           connections(),     freezing(),      request_timeouts(),    descriptors(), hung_tasks(),
                           suspending(),      remounts()};
    if (std::none_of(all.begin(), all.end(), [](const check& c) { return c.status == health::fail; }))
        all.push_back(try_mount());
    return all;
}

}  // namespace drainlab::cli
