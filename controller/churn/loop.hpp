// Workers on one kind of filesystem for a while, watched.
#pragma once

#include "controller/churn/churn.hpp"
#include "controller/churn/host.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace drainlab::churn {

/// Cycles on `kind` below `base` until `length` is over, options::cycles are done, or `stop` says so. The daemon behind
/// `h`, if it is given, is killed and replaced as options::kill_daemon says. `beside` is the rate that `tell` compares
/// with. Thread: blocks the caller's, on which `tell` and `stop` are called; workers have threads of their own.
outcome run_loop(const options& o, mounts::mountable& kind, host* h, const std::string& base,
                 std::chrono::nanoseconds length, const std::optional<rate>& beside,
                 const std::function<void(const progress&)>& tell, const std::function<bool()>& stop);

}  // namespace drainlab::churn
