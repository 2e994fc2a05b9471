// One batch: mounts, holders, unmounts, deaths.
#pragma once

#include "controller/client/client.hpp"
#include "controller/result/collect.hpp"
#include "controller/strategy/ground.hpp"
#include "controller/strategy/pool.hpp"
#include "controller/strategy/run.hpp"

namespace drainlab::strategy {

/// What a batch brought.
struct batch_outcome {
    std::vector<sample> samples;
    report::cycle_sample measured;
};

/// Mounts `base`/m0, m1, ... and unmounts them by `k`. `held`:
/// how long each is held. Ownership: borrows all for the call.
class batch {
  public:
    batch(const options& o, ground& where, const client::blocking_client& api, pool& workers, const std::string& base)
        : o_(o), where_(where), api_(api), workers_(workers), base_(base) {}
    client::result<batch_outcome> run(kind k, const std::vector<std::chrono::nanoseconds>& held);

  private:
    struct place {
        std::string dir, id;
        int fd = -1;  ///< the holder's
    };
    client::result<void> mount_all(const std::vector<std::chrono::nanoseconds>& held);
    void unmount_all(kind k, std::vector<sample>& samples);
    client::result<void> see_die(const place& p, sample& s, batch_outcome& out);

    const options& o_;
    ground& where_;
    const client::blocking_client& api_;
    pool& workers_;
    const std::string& base_;
    std::vector<place> places_;
};

}  // namespace drainlab::strategy
