// The USDT probes in this very program, and which of them are passed.
#pragma once
#include <cstdint>
#include <map>
#include <string>

namespace probe_sites {

/// How often each probe of provider "drainlab" was passed since the last call, by name; only those that were. As
/// uprobes do, a breakpoint stands at every probe from the first call on. Thread: one.
std::map<std::string, int> passed();

/// Names of all probes of the provider and how many places have them; empty where probes cannot be had: no <sys/sdt.h>
/// at build time, or a processor that this does not know.
std::map<std::string, int> all();

}  // namespace probe_sites
