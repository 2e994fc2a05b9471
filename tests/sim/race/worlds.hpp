// The shipped worlds, for the tests of the explorer.
#pragma once
#include "controller/race/judge.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace drainlab::race::test {

inline constexpr const char* shipped[] = {"offline_one", "offline_umount", "container_exit", "shared_bdi",
                                          "late_comer",  "flusher",        "fsync",          "blkcg_change"};

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

inline search_options up_to(int preemptions) {
    search_options o;
    o.preemptions = preemptions;
    return o;
}

}  // namespace drainlab::race::test
