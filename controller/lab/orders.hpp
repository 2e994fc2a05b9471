// From scenarios as the bench knows them to what a guest is told.
#pragma once

#include "controller/client/failure.hpp"
#include "workloads/guest/parameters.hpp"

#include <string>
#include <vector>

namespace drainlab::lab {

/// The scenarios a guest can run, in the order of --help.
const std::vector<std::string>& lab_scenarios();

/// The order for `word`: one of lab_scenarios(), or a scenario file of which a guest can do everything. `published` is
/// the
/// published load literally: 256 writes a generation, and pages stay with their first writer.
client::result<guest::scenario_order> order_of(const std::string& word, bool published);

/// What the targets of a scenario are mounts of: ext4, tmpfs, overlay.
std::string mounts_of(const guest::scenario_order& s);

}  // namespace drainlab::lab
