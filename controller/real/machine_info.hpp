// What kind of machine this is, for results.
#pragma once

#include "controller/result/result.hpp"

namespace drainlab::real {

/// Kernel, cpus, memory, libfuse, root; the rest is the daemon's to say.
report::environment_info machine_info();

}  // namespace drainlab::real
