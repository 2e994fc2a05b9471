// JSON from somebody else: parsed with a bounded depth, as copies and destructors of nested values are recursive.
#pragma once
#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace drainlab::input {

inline constexpr std::size_t deepest_json = 64;

/// A value or what is wrong with the text.
struct json_outcome {
    std::optional<nlohmann::json> value;
    std::string error;  ///< "line 3, column 7: ...", else empty
};
/// Ill-formed UTF-8 is an error like any other. Never throws but for memory.
json_outcome parse_json(std::string_view text, std::size_t deepest = deepest_json);

}  // namespace drainlab::input
