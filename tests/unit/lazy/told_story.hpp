// A story as it was told on a daemon that a test plays, in a form that a child can tell its parent.
#pragma once
#include "controller/lazy/steps.hpp"
#include "controller/machine/mountinfo.hpp"
#include "tests/unit/lazy/bound_drainfs.hpp"
#include "tests/unit/machine/seen_apart.hpp"

namespace drainlab::test {

/// A story as it was told on `daemon`: its document, and what it took to play it.
inline nlohmann::json told_on(
    bound_drainfs& daemon, const std::string& base, std::chrono::milliseconds delay,
    const std::function<bool()>& stop = [] { return false; }) {
    std::vector<std::int64_t> pauses;
    std::vector<std::string> told;
    const lazy::ground where{daemon.socket(), base,
                             [&](auto length) { pauses.push_back(length / std::chrono::milliseconds(1)); }};
    const auto played = lazy::play_story(
        where, delay, [&](const lazy::step& s) { told.push_back(s.id); }, stop);
    if (!played) return {{"error", played.error().message}};
    auto seen = nlohmann::json::parse(report::to_json(lazy::document_of(played.value())));
    int left = 0;
    for (const auto& m : machine::read_mountinfo()) left += m.dir.starts_with(base + "/");
    seen["left_mounted"] = left;
    seen["pauses"] = pauses;
    seen["told"] = told;
    seen["asked"] = daemon.asked();
    seen["wanted"] = daemon.wanted();
    return seen;
}

/// What was asserted in a step and was, or was not, so; without the times in brackets.
inline std::vector<std::string> claims(const nlohmann::json& story, const std::string& id, bool held) {
    std::vector<std::string> texts;
    for (const auto& s : story.at("steps"))
        for (const auto& c : s.at("claims")) {
            auto text = c["text"].get<std::string>();
            if (s["id"] != id || c["held"] != held) continue;
            if (const auto at = text.find(" ("); at != std::string::npos) text.erase(at, text.find(')') + 1 - at);
            texts.push_back(text);
        }
    return texts;
}

inline std::vector<std::string> lanes(const nlohmann::json& step) {
    std::vector<std::string> names;
    for (const auto& s : step.at("spans")) names.push_back(s["lane"]);
    return names;
}

using texts = std::vector<std::string>;
inline const texts ids{"free", "fd", "cwd", "second", "crash"};

}  // namespace drainlab::test
