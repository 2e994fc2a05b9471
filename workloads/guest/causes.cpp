#include "workloads/guest/causes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace drainlab::guest {
namespace {

using c = causes;
constexpr std::array keys{cause_key{"hz", &c::hz},
                          cause_key{"cpus", &c::cpus},
                          cause_key{"wake_from_gp", &c::wake_from_gp},
                          cause_key{"rcu_normal", &c::rcu_normal},
                          cause_key{"rcu_expedited", &c::rcu_expedited},
                          cause_key{"blimit", &c::blimit},
                          cause_key{"callback_ns", &c::callback_ns},
                          cause_key{"gp_init_ns", &c::gp_init_ns},
                          cause_key{"gp_cleanup_ns", &c::gp_cleanup_ns},
                          cause_key{"callbacks_idle_per_s", &c::callbacks_idle_per_s},
                          cause_key{"callbacks_per_generation", &c::callbacks_per_generation},
                          cause_key{"mount_ns", &c::mount_ns},
                          cause_key{"umount_cpu_idle_ns", &c::umount_cpu_idle_ns},
                          cause_key{"umount_cpu_loaded_ns", &c::umount_cpu_loaded_ns},
                          cause_key{"before_call_permille", &c::before_call_permille},
                          cause_key{"in_shutdown_permille", &c::in_shutdown_permille},
                          cause_key{"cgroup_create_ns", &c::cgroup_create_ns},
                          cause_key{"cgroup_remove_ns", &c::cgroup_remove_ns},
                          cause_key{"sync_write_ns", &c::sync_write_ns},
                          cause_key{"cgroup_locked_permille", &c::cgroup_locked_permille},
                          cause_key{"writeback_page_ns", &c::writeback_page_ns},
                          cause_key{"file_write_ns", &c::file_write_ns},
                          cause_key{"copy_mib_ns", &c::copy_mib_ns},
                          cause_key{"synchronize_idle_ns", &c::synchronize_idle_ns},
                          cause_key{"synchronize_loaded_ns", &c::synchronize_loaded_ns},
                          cause_key{"expedited_idle_ns", &c::expedited_idle_ns},
                          cause_key{"expedited_loaded_ns", &c::expedited_loaded_ns},
                          cause_key{"barrier_idle_ns", &c::barrier_idle_ns},
                          cause_key{"barrier_loaded_ns", &c::barrier_loaded_ns},
                          cause_key{"grace_periods_idle_per_s", &c::grace_periods_idle_per_s},
                          cause_key{"grace_periods_loaded_per_s", &c::grace_periods_loaded_per_s},
                          cause_key{"generations_per_s", &c::generations_per_s}};

}  // namespace

std::span<const cause_key> cause_keys() { return keys; }

std::int64_t median(std::vector<std::int64_t> values) {
    if (values.empty()) return causes::unknown;
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2];
}

std::vector<std::int64_t> spans_of(const std::vector<trace_event>& events, std::string_view function, paired_by how) {
    const auto in = "in_" + std::string(function), out = "out_" + std::string(function);
    std::map<int, std::int64_t> open;
    std::vector<std::int64_t> spans;
    for (const auto& e : events) {
        const int whose = how == paired_by::task ? e.pid : e.cpu;
        if (e.name == in) open[whose] = e.at_ns;
        if (e.name != out) continue;
        const auto begun = open.find(whose);
        if (begun == open.end()) continue;
        spans.push_back(e.at_ns - begun->second);
        open.erase(begun);
    }
    return spans;
}

std::int64_t hits_of(std::string_view text, std::string_view event) {
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto next_word = [&line] {
            line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
            const auto word = line.substr(0, line.find(' '));
            line.remove_prefix(word.size());
            return word;
        };
        if (next_word() != event) continue;
        const auto hits = next_word();
        std::int64_t n = 0;
        std::from_chars(hits.data(), hits.data() + hits.size(), n);
        return n;
    }
    return 0;
}

std::int64_t per_second(std::int64_t count, std::int64_t ns) {
    if (ns <= 0) return causes::unknown;
    return std::llround(static_cast<double>(count) * 1e9 / static_cast<double>(ns));
}

std::int64_t callbacks_per_generation(const counted& idle, const counted& loaded) {
    if (loaded.generations <= 0 || idle.ns <= 0) return causes::unknown;
    const auto anyway =
        static_cast<double>(idle.callbacks) * static_cast<double>(loaded.ns) / static_cast<double>(idle.ns);
    const auto more = std::max(static_cast<double>(loaded.callbacks) - anyway, 0.0);
    return std::llround(more / static_cast<double>(loaded.generations));
}

std::optional<own_time> own_time_of(const umount_parts& p, std::int64_t begun_at, std::int64_t took_ns) {
    if (!p.detached_at || !p.dead_at) return std::nullopt;
    own_time t;
    t.before = *p.detached_at - begun_at;
    t.shutdown = *p.dead_at - *p.detached_at - p.expedited_ns - p.drain_ns;
    t.after = begun_at + took_ns - *p.dead_at;
    if (t.before < 0 || t.shutdown < 0 || t.after < 0) return std::nullopt;
    return t;
}

std::int64_t permille(std::int64_t part, std::int64_t whole) {
    if (whole <= 0 || part < 0) return causes::unknown;
    return std::min<std::int64_t>((part * 1000 + whole / 2) / whole, 1000);
}

void set_shares(causes& all, const std::vector<own_time>& times) {
    std::vector<std::int64_t> before, shutdown, after;
    for (const auto& t : times) {
        before.push_back(t.before);
        shutdown.push_back(t.shutdown);
        after.push_back(t.after);
    }
    const auto b = median(before), s = median(shutdown), a = median(after);
    if (times.empty() || b + s + a <= 0) return;
    all.before_call_permille = permille(b, b + s + a);
    all.in_shutdown_permille = std::min(permille(s, b + s + a), 1000 - all.before_call_permille);
}

bool wakes_from_gp(std::string_view parameter, std::int64_t cpus) {
    constexpr std::int64_t threshold = 16;  // WAKE_FROM_GP_CPU_THRESHOLD
    std::int64_t n = 0;
    if (parameter.starts_with('Y')) return true;
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), n);
    return n > 0 || (n < 0 && cpus <= threshold);
}

}  // namespace drainlab::guest
