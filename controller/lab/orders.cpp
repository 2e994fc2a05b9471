#include "controller/lab/orders.hpp"

#include "controller/experiment/scenario.hpp"
#include "controller/words/words.hpp"

#include <algorithm>

namespace drainlab::lab {

using client::result;
using guest::load_kind;
using guest::scenario_order;

namespace {

constexpr int published_writes = 256;

/// Scenarios that are no files of the bench: they need no cgroups, or a filesystem that drainfs does not have.
bool own_scenario(const std::string& name, scenario_order& s) {
    s.name = name;
    if (name == "umount_free" || name == "lazy_free" || name == "lazy_held") {
        s.load = load_kind::tmpfs;
        s.lazy = name != "umount_free";
        s.held = name == "lazy_held";
        return true;
    }
    return false;
}

result<scenario_order> of_file(const std::string& word) {
    BOOST_OUTCOME_TRY(auto file, experiment::load_scenario(word));
    const auto cannot = [&](const char* what) {
        return client::usage_error("--scenario " + word + ": a guest of the lab has no " + what,
                                   "it has " + words::join(lab_scenarios()));
    };
    if (file.target.shares_bdi) return cannot("two filesystems on one device (shares_bdi)");
    if (file.target.in_flight) return cannot("way to repeat unmounts until a switch is in flight (in_flight)");
    if (file.neighbour.dirty_mib > 0) return cannot("neighbour that is synced");
    if (file.background.mounts > 8) return cannot("more than 8 busy superblocks");
    if (file.target.at_once > 8) return cannot("more than 8 targets at once");
    scenario_order s;
    s.name = file.name;
    s.mounts = file.background.mounts;
    s.writes = static_cast<int>(file.background.mounts > 0 ? file.background.writes : file.target.writes);
    s.at_once = file.target.at_once;
    s.burn_ms = static_cast<int>(file.target.burn_for.count());
    if (file.target.load == experiment::target_load::burner) s.load = load_kind::burner;
    if (file.target.load == experiment::target_load::overlay) {
        s.load = load_kind::overlay;
        s.dirty_kib = static_cast<int>(file.target.dirty_kib);
        s.is_volatile = file.target.is_volatile;
    }
    if (file.target.load == experiment::target_load::container) {
        s.load = load_kind::container;
        s.files = static_cast<int>(file.target.files);
        s.within_ms = static_cast<int>(file.target.umount_within.count());
    }
    return s;
}

}  // namespace

const std::vector<std::string>& lab_scenarios() {
    static const std::vector<std::string> names{
        "no_pressure", "idle_cross_pressure", "concurrent8_idle", "own_churn",     "container_exit",
        "umount_free", "lazy_free",           "lazy_held",        "overlay_upper", "overlay_upper_volatile"};
    return names;
}

result<scenario_order> order_of(const std::string& word, bool published) {
    scenario_order s;
    if (!own_scenario(word, s)) { BOOST_OUTCOME_TRY(s, of_file(word)); }
    if (published && (s.mounts > 0 || s.load == load_kind::burner)) s.writes = published_writes;
    return s;
}

std::string mounts_of(const scenario_order& s) {
    return s.load == load_kind::tmpfs ? "tmpfs" : s.load == load_kind::overlay ? "overlay" : "ext4";
}

}  // namespace drainlab::lab
