#include "controller/lab/profile_out.hpp"

#include "fusefs/profile/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace drainlab::lab {
namespace {

using guest::causes;
using kernel::nanoseconds;
using machine = kernel::profile;

/// Sets what was measured, within what a profile may say.
class setter {
  public:
    explicit setter(machine_profile& into) : m_(into) {}

    template <class Value, class Make>
    void set(const char* key, Value machine::*field, std::int64_t measured, Make make) {
        if (measured == causes::unknown) return;
        const auto* k = profile::find_key(key);
        const auto value = make(static_cast<double>(std::clamp<std::int64_t>(measured, 0, 1'000'000'000'000)));
        if (!k || !within(*k, value)) return;
        m_.profile.*field = value;
        m_.measured.insert(key);
    }
    void time(const char* key, nanoseconds machine::*field, std::int64_t ns) {
        set(key, field, ns, [](double v) { return nanoseconds{static_cast<std::int64_t>(v)}; });
    }
    void whole(const char* key, int machine::*field, std::int64_t n) {
        set(key, field, n, [](double v) { return static_cast<int>(std::min(v, 1e9)); });
    }
    void flag(const char* key, bool machine::*field, std::int64_t n) {
        set(key, field, n, [](double v) { return v != 0; });
    }
    void real(const char* key, double machine::*field, std::int64_t n, double unit) {
        set(key, field, n, [unit](double v) { return v * unit; });
    }

  private:
    static bool within(const profile::key& k, nanoseconds v) { return within(k, static_cast<double>(v.count())); }
    static bool within(const profile::key&, bool) { return true; }
    static bool within(const profile::key& k, int v) { return within(k, static_cast<double>(v)); }
    static bool within(const profile::key& k, double v) { return v >= k.least && v <= k.most; }
    machine_profile& m_;
};

std::string shown(bool v) { return v ? "true" : "false"; }
std::string shown(int v) { return std::to_string(v); }
/// With a point, as TOML's floats have.
std::string shown(double v) {
    auto text = fmt::format("{:.9g}", v);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}
std::string shown(nanoseconds v) { return fmt::format("\"{}ns\"", v.count()); }

std::string ms(std::int64_t ns) { return ns < 0 ? "?" : fmt::format("{:.1f}", static_cast<double>(ns) / 1e6); }
std::string whole(std::int64_t n) { return n < 0 ? "?" : std::to_string(n); }

}  // namespace

causes causes_of(const std::map<std::string, std::uint64_t>& figures) {
    causes c;
    for (const auto& k : guest::cause_keys())
        if (const auto at = figures.find(std::string(k.name)); at != figures.end())
            c.*k.field = static_cast<std::int64_t>(std::min<std::uint64_t>(at->second, INT64_MAX));
    return c;
}

machine_profile profile_of(const causes& c, const machine& elsewhere, bool shared_clock) {
    machine_profile m{elsewhere, {}};
    setter s{m};
    using p = machine;
    s.whole("hz", &p::hz, c.hz);
    s.whole("cpus", &p::cpus, c.cpus);
    s.flag("wake_from_gp", &p::wake_from_gp, c.wake_from_gp);
    s.flag("rcu_normal", &p::rcu_normal, c.rcu_normal);
    s.flag("rcu_expedited", &p::rcu_expedited, c.rcu_expedited);
    s.whole("blimit", &p::blimit, c.blimit);
    s.time("callback_cost", &p::callback_cost, c.callback_ns);
    s.whole("callbacks_per_cgroup_exit", &p::callbacks_per_cgroup_exit, c.callbacks_per_generation);
    s.real("background_callbacks_per_s", &p::background_callbacks_per_s, c.callbacks_idle_per_s, 1.0);
    s.time("gp_init", &p::gp_init, c.gp_init_ns);
    s.time("gp_cleanup", &p::gp_cleanup, c.gp_cleanup_ns);
    s.time("mount_base", &p::mount_base, c.mount_ns);
    s.time("umount_base", &p::umount_base, c.umount_cpu_idle_ns);
    s.real("umount_before_call", &p::umount_before_call, c.before_call_permille, 1e-3);
    s.real("umount_in_shutdown", &p::umount_in_shutdown, c.in_shutdown_permille, 1e-3);
    s.time("cgroup_create", &p::cgroup_create, c.cgroup_create_ns);
    s.time("cgroup_remove", &p::cgroup_remove, c.cgroup_remove_ns);
    s.real("cgroup_locked", &p::cgroup_locked, c.cgroup_locked_permille, 1e-3);
    s.time("sync_write", &p::sync_write, c.sync_write_ns);
    s.time("writeback_page", &p::writeback_page, c.writeback_page_ns);
    s.time("file_write", &p::file_write, c.file_write_ns);
    s.time("copy_mib", &p::copy_mib, c.copy_mib_ns);
    m.profile.zero = false;
    m.profile.shared_clock = shared_clock;
    m.measured.insert("shared_clock");
    m.profile.tick_jitter = std::min(m.profile.tick_jitter, m.profile.tick());
    return m;
}

std::string latencies_told(const causes& c) {
    return fmt::format(
        "synchronize_rcu() {} ms idle, {} under load; expedited {}, {}; rcu_barrier() {}, {}; grace periods a second "
        "{}, "
        "{}; CPU time of an umount {} ms, {}",
        ms(c.synchronize_idle_ns), ms(c.synchronize_loaded_ns), ms(c.expedited_idle_ns), ms(c.expedited_loaded_ns),
        ms(c.barrier_idle_ns), ms(c.barrier_loaded_ns), whole(c.grace_periods_idle_per_s),
        whole(c.grace_periods_loaded_per_s), ms(c.umount_cpu_idle_ns), ms(c.umount_cpu_loaded_ns));
}

std::string profile_text(const machine_profile& m, const causes& c, const std::string& heading) {
    std::string text =
        "# " + heading + "\n# What came of these causes there (no part of the profile): " + latencies_told(c) + "\n\n";
    for (const auto& k : profile::keys()) {
        if (k.name == "zero") continue;
        const auto value = std::visit([&](auto field) { return shown(m.profile.*field); }, k.field);
        const bool measured = m.measured.contains(std::string(k.name));
        text += fmt::format("{:<30} # {}\n", fmt::format("{} = {}", k.name, value),
                            measured ? "measured" : "not measured: as in the profile it began from");
    }
    return text;
}

}  // namespace drainlab::lab
