#include "controller/sim/machine_keys.hpp"

#include "controller/sim/parse_number.hpp"
#include "controller/words/words.hpp"
#include "fusefs/profile/keys.hpp"

#include <fmt/format.h>

namespace drainlab::sim {
namespace {

bool assign(const profile::key& k, bool& field, const std::string& text) {
    if (text != "true" && text != "false") return false;
    field = text == "true";
    return k.name != "zero";
}
bool assign(const profile::key& k, int& field, const std::string& text) {
    int v = 0;
    if (!parse_number(text, v) || v < k.least || v > k.most) return false;
    field = v;
    return true;
}
bool assign(const profile::key& k, double& field, const std::string& text) {
    double v = 0;
    if (!parse_number(text, v) || !(v >= k.least && v <= k.most)) return false;
    field = v;
    return true;
}
bool assign(const profile::key& k, nanoseconds& field, const std::string& text) {
    nanoseconds v{};
    if (!profile::parse_duration(text, v) || static_cast<double>(v.count()) > k.most) return false;
    field = v;
    return true;
}

struct load_key {
    const char* name;
    int machine_options::*field;
    int most;
};
constexpr load_key load_keys[] = {{"superblocks", &machine_options::superblocks, 1'000'000},
                                  {"burners", &machine_options::burners, 100'000},
                                  {"inodes", &machine_options::inodes, 10'000'000},
                                  {"writes", &machine_options::writes, 1'000'000},
                                  {"generation_ms", &machine_options::generation_ms, 1'000'000}};

std::vector<std::string> all_keys() {
    std::vector<std::string> names;
    for (const auto& k : profile::keys())
        if (k.name != "zero") names.emplace_back(k.name);
    for (const auto& k : load_keys) names.emplace_back(k.name);
    return names;
}

experiment::failure bad_value(const std::string& key, const std::string& value, const std::string& wanted) {
    return experiment::usage_error(fmt::format("{}={}: \"{}\" must be {}", key, value, key, wanted));
}

}  // namespace

experiment::result<void> set_key(machine_options& machine, const std::string& key, const std::string& value) {
    for (const auto& k : load_keys) {
        if (key != k.name) continue;
        int v = 0;
        if (!parse_number(value, v) || v < 0 || v > k.most)
            return bad_value(key, value, fmt::format("a whole number up to {}", k.most));
        machine.*k.field = v;
        return experiment::success();
    }
    const auto* k = profile::find_key(key);
    if (!k || key == "zero") {
        const auto known = all_keys();
        const auto near = words::nearest(key, known);
        return experiment::usage_error("unknown key '" + key + "' of a machine",
                                       near ? "did you mean '" + *near + "'?" : "known: " + words::join(known));
    }
    const bool good = std::visit([&](auto member) { return assign(*k, machine.profile.*member, value); }, k->field);
    if (!good) return bad_value(key, value, profile::expectation(*k));
    if (machine.profile.tick_jitter > machine.profile.tick())
        return experiment::usage_error(key + "=" + value + ": tick_jitter must be at most a tick, 1/hz s");
    if (machine.profile.umount_before_call + machine.profile.umount_in_shutdown > 1)
        return experiment::usage_error(key + "=" + value +
                                       ": umount_before_call and umount_in_shutdown are together at most 1");
    if (key == "cpus" && machine.profile.cpus > 16) machine.profile.wake_from_gp = false;  // WAKE_FROM_GP_CPU_THRESHOLD
    return experiment::success();
}

}  // namespace drainlab::sim
