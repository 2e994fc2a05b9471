// drainlab.result/1, read back.
#pragma once

#include "controller/result/result.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace drainlab::report {

/// A result, or one line on what is wrong with the document.
struct read_outcome {
    std::optional<result> value;
    std::string error;
    explicit operator bool() const noexcept { return value.has_value(); }
};

/// No result file is larger than this.
inline constexpr std::size_t largest_result = std::size_t{256} << 20;

/// Reads what to_json() wrote: writing it again gives the same text. Keys that newer versions add may be missing;
/// quantiles that older ones gave for too few samples are left out. The error names the place in the document.
read_outcome read_json(const std::string& text);

/// The same from a regular file of at most largest_result bytes. The error begins with the path.
read_outcome load(const std::string& path);

}  // namespace drainlab::report
