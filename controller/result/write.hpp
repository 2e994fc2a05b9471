// drainlab.result/1, the source of all other formats.
#pragma once

#include "controller/result/result.hpp"

#include <string>

namespace drainlab::report {

/// The result as one JSON document, with a newline at its end. Every key is always there; `null` where it does not
/// apply. Milliseconds are rounded to a nanosecond.
std::string to_json(const result& r);

}  // namespace drainlab::report
