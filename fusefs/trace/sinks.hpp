// Sinks that are always there: the log at debug level, and USDT probes for bpftrace and perf.
#pragma once
#include "fusefs/trace/hub.hpp"

namespace drainlab::trace {

/// Every event as a line of the log, if the log's level is debug.
[[nodiscard]] hub::subscription log_to_spdlog(hub& h);

/// Every event fires the USDT probe `drainlab:event` (name, mount, value1, value2): costs a nop until somebody
/// attaches, e.g.
/// bpftrace -e 'usdt:PATH/drainfs:drainlab:event { printf("%s %s\n", str(arg0), str(arg1)); }'. Nothing where
/// <sys/sdt.h> was missing at build time.
[[nodiscard]] hub::subscription fire_usdt_probes(hub& h);

}  // namespace drainlab::trace
