// A mount on a faulty store, in virtual time: some users, then an end, then a look at what is in the store.
#pragma once
#include "tests/sim/model/world.hpp"
#include "tests/sim/storage/client.hpp"
#include "tests/sim/storage/faulty_store.hpp"

#include <string>
#include <vector>

namespace drainlab::tests {

enum class ending : std::uint8_t {
    unmount,
    kill,   ///< of the daemon: the store has what reached it
    power,  ///< loss of power: the store has what was synced, and of the rest some
};

struct world_rules {
    fault_plan plan;
    bool memory{};   ///< a store that is called at once
    bool errors{};   ///< calls may fail
    bool full{};     ///< no room is no failure
    bool freezes{};  ///< the store stops answering, and is given up
    ending end{ending::unmount};
    unsigned users{3}, calls{25};
    storage::cache_limits limits{};
};

struct world : model_world {
    world(std::uint64_t seed, const world_rules& r);
    ~world();

    /// "" or what was wrong.
    std::string run();
    /// What happened, one line each.
    const std::string& story() const noexcept { return story_; }

    // for the clients
    void wrong(const std::string& what) {
        if (verdict.empty()) verdict = what;
    }
    void note(const std::string& what);
    void look_at_losses();

    const world_rules rules;
    sched::random random;
    faulty_io io;
    std::shared_ptr<faulty_threads> threads;
    storage::stores stores;
    std::unique_ptr<storage::filesystem> fs;
    std::vector<kernel::memcg_ptr> groups;
    std::vector<std::unique_ptr<client>> users;
    std::string verdict;
    bool abandoned{};

  private:
    void check_store();
    std::string content_of(const std::string& path, bool& there);
    sched::task<> counted(sched::task<> body);
    std::string who_waits() const;
    sched::task<> freeze_and_give_up();
    sched::task<> unmount();

    storage::memory_directory directory_;  // outlives the store: what is in it is looked at last
    storage::unique_fd root_;
    std::shared_ptr<kernel::super_block> sb_;
    std::string story_;
    std::uint64_t told_bytes_{};
    unsigned busy_{};  ///< users that have not finished
};

}  // namespace drainlab::tests
