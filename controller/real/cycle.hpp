// The coroutines of executor: what happens in one cycle and in the background.
#pragma once

#include "controller/client/client.hpp"
#include "controller/experiment/executor.hpp"
#include "controller/machine/sweeper.hpp"
#include "controller/real/loop.hpp"
#include "controller/real/umount_call.hpp"
#include "controller/real/workload.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::real {

template <class T>
using doing = boost::asio::awaitable<client::result<T>>;

/// What cycles work with. Everything is borrowed from executor and outlives them.
struct surroundings {
    loop& events;
    client::async_client& api;
    machine::sweeper& after_us;
    std::string directory;  ///< ours, private; mount points are made in it
    workload_style style;
    umount_way way = umount_way::umount8;
    std::uint64_t seed = 1;
    bool events_wanted = false;  ///< calls are part of what is recorded
    bool gate = true;            ///< unmounts wait in the kernel; otherwise for the API to say dead
};

/// A mount of ours.
struct mounted {
    std::string dir;
    std::string id;  ///< as the API names it
};

/// Mounts a fresh directory `name`, with a dirty limit of its own,
/// and on the device `bdi` that other mounts share, if wanted.
doing<mounted> mount_fresh(const surroundings& at, std::string name, std::optional<std::uint64_t> dirty_limit = {},
                           std::string bdi = {});
/// The device of the first background mount and the targets, where a scenario says that they share one.
inline constexpr const char* shared_device = "shared";

/// The superblocks that burn beside the targets, for the length of a scenario.
class background {
  public:
    explicit background(const surroundings& at) : at_{at} {}
    /// Mounts them, starts a burner each and waits until switches come (at most 3 s: with kept pages none may).
    doing<void> start(experiment::background_load load, bool shares_device);
    /// Waits until a switch is in flight, at most half a second.
    doing<void> in_flight();
    /// Stops the burners, unmounts, removes the directories. Burners that do not end in time are killed.
    doing<void> stop();
    /// Ends the burners, at last by SIGKILL, and removes their cgroups; without the API.
    void kill();

  private:
    void ask_to_end();
    boost::asio::awaitable<void> watch(std::shared_ptr<child> burner, std::string dir);

    const surroundings& at_;
    std::vector<mounted> mounts_;
    std::vector<std::shared_ptr<child>> burners_;
    bool stopping_ = false;
};

/// One cycle under the policy in force. `number` makes the names of its targets.
doing<experiment::cycle_outcome> one_cycle(const surroundings& at, const experiment::scenario& s, std::string policy,
                                           background& beside, std::uint64_t number);

}  // namespace drainlab::real
