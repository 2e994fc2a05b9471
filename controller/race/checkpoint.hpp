// Where searches stand, in a file, so that the same command goes on from there.
#pragma once
#include "controller/race/explore.hpp"

namespace drainlab::race {

/// The places of several searches, finished ones included.
class checkpoint {
  public:
    /// Empty if there is no such file. Exit 2 if it is not a checkpoint, or one of another version of drainlab.
    static result<checkpoint> read(const std::string& file);
    /// A new file, renamed over the old one.
    result<void> write(const std::string& file) const;

    /// The place of this search, or null. A world that was changed since is another one.
    const search_state* find(std::string_view policy, const world_spec& world, int preemptions) const;
    void keep(std::string_view policy, const world_spec& world, int preemptions, search_state state);

  private:
    struct place {
        std::string policy, world;
        std::uint64_t fingerprint{};
        int preemptions{};  ///< the bound that was asked for
        search_state state;
        bool is(std::string_view of_policy, const world_spec& of_world, int bound) const noexcept {
            return policy == of_policy && world == of_world.name && fingerprint == of_world.fingerprint &&
                   preemptions == bound;
        }
    };
    std::vector<place> places_;
};

}  // namespace drainlab::race
