#include "controller/cli/kernel_variant.hpp"

#include "workloads/guest/call_targets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <tuple>

namespace drainlab::cli {

namespace {

struct version {
    int major = 0, minor = 0, patch = 0;
    auto key() const { return std::tuple(major, minor, patch); }
};

version parse(std::string_view release) {
    version v;
    for (int* part : {&v.major, &v.minor, &v.patch}) {
        const auto [end, error] = std::from_chars(release.data(), release.data() + release.size(), *part);
        if (error != std::errc{} || end == release.data() + release.size() || *end != '.') break;
        release.remove_prefix(static_cast<std::size_t>(end - release.data()) + 1);
    }
    return v;
}

/// Where mainline changed: from this version on, this policy.
struct epoch {
    int major, minor;
    const char* policy;
    const char* what;
};
constexpr epoch epochs[] = {
    {7, 2, "persb", "umount waits for its own superblock's counter"},
    {6, 18, "base", "rcu_barrier() and a flush; the switch is queued outside of RCU (the race)"},
    {5, 14, "rework", "rcu_barrier() and a flush; switches by queue_rcu_work()"},
    {5, 2, "barrier", "rcu_barrier() and a flush"},
    {4, 5, "flush", "synchronize_rcu() and a flush"},
    {4, 2, "none", "umount waits for nothing"}};

/// Stable series that took "close the race" (mainline cba38ec4cbd3) with this release.
struct backport {
    int major, minor, patch;
};
constexpr backport backports[] = {{5, 10, 261}, {6, 1, 178}, {6, 6, 145}, {6, 12, 96}, {6, 18, 39}, {7, 1, 4}};

bool has_backport(const version& v) {
    return std::any_of(std::begin(backports), std::end(backports), [&](const backport& b) {
        return v.major == b.major && v.minor == b.minor && v.patch >= b.patch;
    });
}

constexpr const char* caution = "Told by the version number alone; vendors port fixes without changing it.";

}  // namespace

kernel_variant kernel_variant_of(std::string_view release) {
    const version v = parse(release);
    const auto* e = std::find_if(std::begin(epochs), std::end(epochs), [&](const epoch& x) {
        return std::tuple(v.major, v.minor) >= std::tuple(x.major, x.minor);
    });
    if (v.major == 0) return {{}, fmt::format("\"{}\" is not a version we can read.", release)};
    if (e == std::end(epochs)) return {{}, "Older than 4.2: no per-cgroup writeback, no switches."};
    if (has_backport(v))
        return {{"race", "rmbarrier"},
                fmt::format("This stable series took the fix of the race (synchronize_rcu() before the flush); some of "
                            "its releases also dropped the "
                            "rcu_barrier() or took the per-wb switch queue, which the number does not tell. {}",
                            caution)};
    std::string doubt;
    if (std::string_view(e->policy) == "rework" && std::tuple(v.major, v.minor) >= std::tuple(6, 12))
        doubt = "From about 6.12 on file systems without writeback capability return at once. ";
    return {{e->policy}, fmt::format("Mainline since {}.{}: {}. {}{}", e->major, e->minor, e->what, doubt, caution)};
}

kernel_evidence look_at_kernel() {
    kernel_evidence seen;
    const auto code = guest::read_kernel_calls();
    if (code.calls)
        seen.code = guest::judge_policy(*code.calls);
    else
        seen.no_code = code.why;
    std::ifstream btf("/sys/kernel/btf/vmlinux", std::ios::binary);
    std::stringstream types;
    if (btf && types << btf.rdbuf()) {
        using namespace std::string_literals;
        seen.btf_counter = types.view().find("\0s_isw_nr_in_flight\0"s) != std::string_view::npos;
    }
    return seen;
}

kernel_variant corrected(kernel_variant by_number, const kernel_evidence& seen) {
    if (seen.code && !seen.code->policy.starts_with("unknown"))
        return {{seen.code->policy},
                fmt::format("Read from the machine code of this kernel; grace period of a switch: {}.", seen.code->era),
                "machine code"};
    const auto why = seen.code ? seen.code->policy : seen.no_code;
    if (seen.btf_counter && *seen.btf_counter)
        return {{"persb"},
                fmt::format("Its BTF has super_block::s_isw_nr_in_flight. Its machine code does not tell: {}.", why),
                "BTF"};
    auto& list = by_number.candidates;
    if (seen.btf_counter && std::erase(list, "persb") > 0)
        by_number.note += " But its BTF has no super_block::s_isw_nr_in_flight, so it is not persb.";
    by_number.note += fmt::format(" Its machine code does not tell: {}.", why);
    return by_number;
}

}  // namespace drainlab::cli
