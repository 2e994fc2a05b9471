// drainlab-guest: the only program of a machine of the kernel lab, started by its kernel as /init.
//
// It sets the machine up, tells which drain policy the kernel has, runs the scenarios that the kernel's command line
// names, and
// ends the machine. All it has to say goes to the second serial port, a JSON object a line.
#include "workloads/guest/call_targets.hpp"
#include "workloads/guest/channel.hpp"
#include "workloads/guest/disks.hpp"
#include "workloads/guest/load.hpp"
#include "workloads/guest/measure.hpp"
#include "workloads/guest/scenario.hpp"
#include "workloads/guest/system.hpp"
#include "workloads/guest/targets.hpp"
#include "workloads/guest/widen.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <unistd.h>

using namespace drainlab::guest;

namespace {

void mount_basics() {
    for (const auto* dir : {"/proc", "/sys", "/dev", "/tmp", "/run", "/etc"}) mkdir(dir, 0755);
    mount("proc", "/proc", "proc", 0, nullptr);
    mount("sysfs", "/sys", "sysfs", 0, nullptr);
    mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
    setenv("PATH", "/bin", 1);
}

std::int64_t jiffies() {
    const auto text = read_file("/proc/timer_list");
    const auto at = text.find("\njiffies: ");
    return at == std::string::npos ? -1 : std::strtoll(text.c_str() + at + 10, nullptr, 10);
}

/// Ticks a second, seen: the nearest that a kernel can be built with. 0 where /proc does not tell.
int ticks_per_second() {
    const auto a = jiffies();
    const auto begun = now_ns();
    nap_us(300'000);
    const auto b = jiffies();
    const auto per_s = static_cast<double>(b - a) * 1e9 / static_cast<double>(now_ns() - begun);
    if (a < 0 || b < a) return 0;
    int best = 100;
    for (const int hz : {250, 300, 1000})
        if (std::abs(per_s - hz) < std::abs(per_s - best)) best = hz;
    return best;
}

void say_hello(channel& out) {
    utsname u{};
    uname(&u);
    out.send(json_line("hello")
                 .text("schema", "drainlab.guest/1")
                 .text("release", u.release)
                 .text("version", u.version)
                 .number("cpus", sysconf(_SC_NPROCESSORS_ONLN))
                 .number("virtual_ns", now_ns()));
}

void tell_policy(channel& out) {
    const auto seen = read_kernel_calls();
    if (!seen.calls) {
        out.send(json_line("policy").text("policy", "unknown: " + seen.why).text("era", "unknown").texts("calls", {}));
        return;
    }
    const auto verdict = judge_policy(*seen.calls);
    const auto umount = seen.calls->find("cgroup_writeback_umount");
    json_line line("policy");
    line.text("policy", verdict.policy).text("era", verdict.era);
    out.send(line.texts("calls", umount == seen.calls->end() ? std::vector<std::string>{} : umount->second));
}

}  // namespace

int main() {
    if (getpid() != 1) {
        std::fputs("drainlab-guest: the init of a guest of `drainctl lab`; it does nothing elsewhere\n", stderr);
        return 4;
    }
    mount_basics();
    channel out;
    say_hello(out);
    const auto read = parse_parameters(read_file("/proc/cmdline"));
    if (!read.value) out.give_up(read.error);
    const parameters& p = *read.value;
    out.start_watchdog(p.hang_s);
    tell_policy(out);
    const int hz = ticks_per_second();
    make_disks(out);
    make_cgroups(out);
    int busy = p.measure ? measured_burners : 0;
    for (const auto& s : p.scenarios) busy = std::max(busy, s.mounts);
    for (int i = 0; i < busy; ++i) mount_disk(out, i, burner_dir(i));
    part_probes parts(out);
    switch_counter switches(out);
    std::optional<recorder> record;
    if (p.record) record.emplace(out);
    std::optional<widened> wide;
    if (p.widen_us > 0) wide.emplace(out, p.widen_us);
    out.send(json_line("ready").number("virtual_ns", now_ns()).number("hz", hz).number("probes", parts.count()));
    if (p.measure) measure_machine(out, parts, hz, p.seed);
    for (const auto& s : p.scenarios)
        if (!run_scenario(out, s, p, {parts, switches, record ? &*record : nullptr})) break;
    out.farewell();
}
