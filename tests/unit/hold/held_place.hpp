// A mount of the test that is to be held, and what a holder of it says, in a form that a child can tell its parent.
#pragma once
#include "controller/hold/holder.hpp"
#include "tests/own_folder.hpp"
#include "tests/unit/machine/seen_apart.hpp"

#include <cstdlib>
#include <filesystem>

namespace drainlab::hold {

inline nlohmann::json told(const client::failure& e) {
    return {{"code", e.code}, {"message", e.message}, {"hint", e.hint}, {"exit", static_cast<int>(e.exit)}};
}

inline nlohmann::json told(const client::result<proof>& p) {
    if (!p) return told(p.error());
    return {{"asked", p.value().kernel_asked}, {"busy", p.value().busy}, {"seen", p.value().seen}};
}

/// Two folders: one that a child mounts a tmpfs on, one for what holders make.
struct place {
    tests::own_folder held, own;
    /// What `look` saw in such a child. Scratch directories lie in `own`.
    std::optional<nlohmann::json> seen(const std::function<nlohmann::json()>& look) const {
        return test::seen_apart(held.dir, [&] {
            setenv("XDG_RUNTIME_DIR", own.dir.c_str(), 1);
            return look();
        });
    }
    /// Whether nothing that a holder makes is on the mount. (Who counts lines leaves counts in its root directory.)
    bool nothing_made() const {
        for (const auto& e : std::filesystem::directory_iterator(held.dir))
            if (e.path().filename().string().starts_with(".drainlab-")) return false;
        return true;
    }
    bool nothing_left() const {
        return !std::filesystem::exists(own / "drainlab") || std::filesystem::is_empty(own / "drainlab");
    }
};

}  // namespace drainlab::hold
