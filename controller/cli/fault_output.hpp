// Faults for people: asked and observed side by side.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace drainlab::cli {

/// A list of FAULT of docs/api.md, on standard output: three lines each.
void print_faults(const nlohmann::json& faults);

}  // namespace drainlab::cli
