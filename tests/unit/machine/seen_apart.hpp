// What a child saw in a mount namespace of its own, told to the test, which judges it.
#pragma once
#include "controller/machine/holders/asking.hpp"
#include "tests/unit/machine/own_namespace.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace drainlab::test {

/// The words of `look`, which may mount on and below `dir`: a tmpfs of its own is there. `{"threw": ...}` when it has
/// thrown. Nothing, with a warning, where none of this is allowed.
inline std::optional<nlohmann::json> seen_apart(const std::string& dir, const std::function<nlohmann::json()>& look) {
    const auto said = machine::ask_in_child(
        [&](int out) {
            if (!enter_own_namespace() || ::mount("test", dir.c_str(), "tmpfs", 0, "size=16m") != 0) return 0;
            nlohmann::json seen;
            try {
                seen = look();
            } catch (const std::exception& e) { seen = {{"threw", e.what()}}; } catch (...) {
                seen = {{"threw", "a REQUIRE"}};
            }
            machine::tell(out, seen.dump());
            return 0;
        },
        std::chrono::seconds(100));
    REQUIRE(said.finished);
    if (said.text.empty()) {
        WARN("no mount namespace of our own here");
        return std::nullopt;
    }
    auto seen = nlohmann::json::parse(said.text);
    INFO(said.text);
    REQUIRE((!seen.is_object() || !seen.contains("threw")));
    return seen;
}

}  // namespace drainlab::test
