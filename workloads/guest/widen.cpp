#include "workloads/guest/widen.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

namespace drainlab::guest {
namespace {

/// The verifier walks every pass of a loop and ends at a million instructions.
constexpr std::uint64_t most_passes = 400'000;
constexpr std::size_t most_programs = 32;

/// Passes of the same loop in a microsecond, here.
double passes_per_us() {
    constexpr std::uint64_t passes = 2'000'000;
    const auto begun = now_ns();
    std::uint64_t n = 0;
    do { __asm__ volatile("" : "+r"(n)); } while (++n < passes);
    return static_cast<double>(passes) * 1000.0 / static_cast<double>(std::max<std::int64_t>(now_ns() - begun, 1));
}

bpf_insn instruction(int code, int to, int offset, std::int32_t value) {
    bpf_insn i{};
    i.code = static_cast<__u8>(code);
    i.dst_reg = static_cast<__u8>(to & 15);
    i.off = static_cast<__s16>(offset);
    i.imm = value;
    return i;
}

/// A program that counts to `passes` and returns 0.
int load_counter(std::uint64_t passes) {
    const std::array program{
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0), instruction(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 1),
        instruction(BPF_JMP | BPF_JLT | BPF_K, 1, -2, static_cast<std::int32_t>(passes)),
        instruction(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0), instruction(BPF_JMP | BPF_EXIT, 0, 0, 0)};
    bpf_attr a{};
    a.prog_type = BPF_PROG_TYPE_KPROBE;
    a.insn_cnt = program.size();
    a.insns = reinterpret_cast<std::uintptr_t>(program.data());
    a.license = reinterpret_cast<std::uintptr_t>("GPL");
    return static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a));
}

/// An event descriptor on our kretprobe.
int open_event() {
    perf_event_attr a{};
    a.type = PERF_TYPE_TRACEPOINT;
    a.size = sizeof a;
    a.config = std::strtoull(read_file(std::string(tracefs) + "events/labslow/prepared/id").c_str(), nullptr, 10);
    a.sample_period = 1;
    return static_cast<int>(syscall(SYS_perf_event_open, &a, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

widened::widened(channel& out, std::uint64_t microseconds) {
    const auto check = [&](bool fine, const char* what) {
        if (!fine) out.give_up(std::string("widening isw_prepared: ") + what + ": " + std::strerror(errno));
    };
    errno = write_file(std::string(tracefs) + "kprobe_events", "r64:labslow/prepared inode_prepare_wbs_switch\n", true);
    check(errno == 0, "kretprobe");
    const int event = open_event();
    check(event >= 0, "perf_event_open (CONFIG_BPF_EVENTS)");
    fds_.push_back(event);
    auto passes = static_cast<std::uint64_t>(passes_per_us() * static_cast<double>(microseconds)) + 1;
    for (std::size_t n = 0; passes > 0; ++n) {
        if (n == most_programs) out.give_up("widening isw_prepared: that long is not possible here");
        const auto part = std::min(passes, most_passes);
        passes -= part;
        const int program = load_counter(part);
        check(program >= 0, "BPF program");
        const int holder = n == 0 ? event : open_event();
        check(holder >= 0 && ioctl(holder, PERF_EVENT_IOC_SET_BPF, program) == 0 &&
                  ioctl(holder, PERF_EVENT_IOC_ENABLE, 0) == 0,
              "attaching the BPF program");
        fds_.push_back(program);
        if (holder != event) fds_.push_back(holder);
    }
}

widened::~widened() {
    for (const int fd : fds_) close(fd);
}

}  // namespace drainlab::guest
