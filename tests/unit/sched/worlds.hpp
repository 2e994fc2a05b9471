// The two schedulers behind one face, so that one contract suite runs on both and they cannot drift apart.
#pragma once
#include "fusefs/sched/real.hpp"
#include "fusefs/sched/simulated.hpp"

#include <boost/asio/io_context.hpp>

#include <tuple>

namespace drainlab::sched::test {

/// Virtual time, seeded choice.
class simulated_world {
  public:
    scheduler& sched() { return sched_; }
    /// Runs until every fiber has ended or nothing can happen any more.
    void run() { sched_.run(); }

  private:
    simulated_scheduler sched_{{.seed = 7}};
};

/// The machine's time, on an io_context of its own.
class real_world {
  public:
    scheduler& sched() { return sched_; }
    void run() {
        io_.restart();
        io_.run();
    }

  private:
    boost::asio::io_context io_{1};
    real_scheduler sched_{io_};
};

/// Of a TEMPLATE_LIST_TEST_CASE: the contract that both keep.
using both_worlds = std::tuple<simulated_world, real_world>;

}  // namespace drainlab::sched::test
