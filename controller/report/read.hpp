// drainlab.result/1, read back.
#pragma once

#include "controller/report/result.hpp"

#include <optional>
#include <string>

namespace drainlab::report {

/// A result, or one line on what is wrong with the document.
struct read_outcome {
    std::optional<result> value;
    std::string error;
    explicit operator bool() const noexcept { return value.has_value(); }
};

/// Reads what to_json() wrote: writing it again gives the same text. Keys that newer versions add may be missing.
read_outcome read_json(const std::string& text);

}  // namespace drainlab::report
