// The shipped worlds, for the tests of the explorer.
#pragma once
#include "controller/race/judge.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace drainlab::race::test {

inline constexpr const char* shipped[] = {"offline_one", "offline_umount", "container_exit",  "shared_bdi",
                                          "late_comer",  "flusher",        "fsync",           "blkcg_change",
                                          "wb_release",  "flusher_turn",   "dirtied_in_sync", "dirtied_neighbour"};

inline constexpr const char* shipped_names[] = {
    "ns_alone",    "ns_mkfs",          "ns_walk",       "ns_walk_lazy",    "ns_two_walkers",     "ns_tree_lazy",
    "ns_close",    "ns_close_lazy",    "ns_kthread",    "ns_delayed_work", "ns_bind_copy",       "ns_shared_peer",
    "ns_mount_on", "ns_mount_on_lazy", "ns_torn_count", "ns_pwd",          "ns_pwd_one_counter", "ns_walk_one_counter"};

inline world_spec world(const std::string& name) {
    const auto w = read_world(DRAINLAB_WORLDS + name + ".toml");
    INFO((w ? std::string{} : w.error().message));
    REQUIRE(w);
    return w.value();
}

inline const kernel::drain_policy& policy(std::string_view id) {
    const auto* p = kernel::find_drain_policy(id);
    REQUIRE(p != nullptr);
    return *p;
}

inline const kernel::namespace_policy& names(std::string_view id) {
    const auto* p = kernel::find_namespace_policy(id);
    REQUIRE(p != nullptr);
    return *p;
}

inline search_options up_to(int preemptions) {
    search_options o;
    o.preemptions = preemptions;
    return o;
}

}  // namespace drainlab::race::test
