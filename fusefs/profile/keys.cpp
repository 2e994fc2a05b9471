#include "fusefs/profile/keys.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <utility>

namespace drainlab::profile {

using kernel::nanoseconds;
using p = kernel::profile;

namespace {

constexpr double us = 1e3, s = 1e9;
constexpr std::array table{
    key{"zero", &p::zero},
    key{"hz", &p::hz, 10, 2000, true},
    key{"cpus", &p::cpus, 1, 4096, true},
    key{"tick_jitter", &p::tick_jitter, 0, 500 * us},
    key{"wake_from_gp", &p::wake_from_gp},
    key{"rcu_normal", &p::rcu_normal},
    key{"rcu_expedited", &p::rcu_expedited},
    key{"blimit", &p::blimit, 1, 1e6},
    key{"callback_cost", &p::callback_cost, 0, 1e3 * us},
    key{"callbacks_per_cgroup_exit", &p::callbacks_per_cgroup_exit, 0, 1e5},
    key{"background_callbacks_per_s", &p::background_callbacks_per_s, 0, 1e6},
    key{"overcommit", &p::overcommit, 1, 64},
    key{"gp_init", &p::gp_init, 0, 1e5 * us},
    key{"gp_cleanup", &p::gp_cleanup, 0, 1e5 * us},
    key{"expedited_ipi", &p::expedited_ipi, 0, 1e5 * us},
    key{"worker_wake", &p::worker_wake, 0, 1e5 * us},
    key{"context_switch", &p::context_switch, 0, 1e5 * us},
    key{"switch_per_inode", &p::switch_per_inode, 0, 1e5 * us},
    key{"switch_per_page", &p::switch_per_page, 0, 1e5 * us},
    key{"mount_base", &p::mount_base, 0, 60 * s},
    key{"umount_base", &p::umount_base, 0, 60 * s},
    key{"cgroup_create", &p::cgroup_create, 0, 60 * s},
    key{"cgroup_remove", &p::cgroup_remove, 0, 60 * s},
    key{"cgroup_locked", &p::cgroup_locked, 0, 1},
    key{"sync_write", &p::sync_write, 0, 60 * s},
    key{"burner_writes", &p::burner_writes, 0, 1e6},
    key{"writeback_page", &p::writeback_page, 0, 60 * s},
    key{"device_latency", &p::device_latency, 0, 60 * s},
    key{"umount_before_call", &p::umount_before_call, 0, 1},
    key{"umount_in_shutdown", &p::umount_in_shutdown, 0, 1},
    key{"housekeeping_every", &p::housekeeping_every, 1e3 * us, 3600 * s},
    key{"housekeeping_work", &p::housekeeping_work, 0, 1e5 * us},
    key{"housekeeping_before_tick", &p::housekeeping_before_tick, 0, 1e5 * us},
    key{"file_write", &p::file_write, 0, 60 * s},
    key{"copy_mib", &p::copy_mib, 0, 60 * s},
    key{"drain_call", &p::drain_call, 0, 1e3 * us},
    key{"shared_clock", &p::shared_clock},
};

std::string number(double v) {
    std::ostringstream out;
    out.precision(12);
    out << v;
    return out.str();
}

std::string duration(double ns) {
    if (ns >= s) return number(ns / s) + "s";
    if (ns >= 1e6) return number(ns / 1e6) + "ms";
    return number(ns / us) + "us";
}

}  // namespace

std::span<const key> keys() { return table; }

const key* find_key(std::string_view name) {
    const auto k = std::find_if(table.begin(), table.end(), [&](const key& c) { return c.name == name; });
    return k == table.end() ? nullptr : &*k;
}

std::string expectation(const key& k) {
    if (std::holds_alternative<bool p::*>(k.field)) return "true or false";
    if (std::holds_alternative<int p::*>(k.field))
        return "an integer from " + number(k.least) + " to " + number(k.most);
    if (std::holds_alternative<double p::*>(k.field))
        return "a number from " + number(k.least) + " to " + number(k.most);
    return "a duration from \"0us\" to \"" + duration(k.most) + "\" (units ns, us, ms, s)";
}

bool parse_duration(std::string_view text, nanoseconds& out) {
    double value{};
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || !std::isfinite(value) || std::signbit(value)) return false;
    const std::string_view unit{rest, static_cast<std::size_t>(text.data() + text.size() - rest)};
    const double scale = unit == "ns" ? 1 : unit == "us" ? us : unit == "ms" ? 1e6 : unit == "s" ? s : 0;
    if (scale == 0 || value * scale > 3600 * s) return false;
    out = nanoseconds{std::llround(value * scale)};
    return true;
}

}  // namespace drainlab::profile
