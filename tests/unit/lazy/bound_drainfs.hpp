// drainfs as these tests play it, on mounts that any kernel can make.
#pragma once
#include "tests/unit/client/played_daemon.hpp"

#include <atomic>
#include <map>
#include <set>

namespace drainlab::test {

/// Each mount is its store, bound to the directory. It is dead when it is not mounted any more, and no process has its
/// file open or works in it. For a child with a mount namespace of its own (seen_apart.hpp). Set what it should do
/// wrong before it is asked.
class bound_drainfs {
  public:
    bool gate = false;            ///< it says that unmounts wait
    bool mounts_nothing = false;  ///< and says that it did
    bool hasty = false;           ///< calls dead what somebody still holds
    bool loses_bytes = false;     ///< with the death
    std::string refuses;          ///< why it mounts nothing, and says so
    nlohmann::json violations = nlohmann::json::array();

    std::string socket() const { return daemon_.socket(); }
    std::vector<std::string> asked() { return daemon_.asked(); }
    /// What mounts were asked for, in order.
    std::vector<nlohmann::json> wanted() { return daemon_.posted(); }

  private:
    struct mount {
        std::string dir, store;
        std::int64_t number = 0;  ///< in mountinfo
        std::int64_t detached = 0, dead = 0;
    };
    spoken act(const heard& h);
    spoken make(const nlohmann::json& body);
    void look_at(mount& m) const;
    nlohmann::json shown(int id);

    std::map<int, mount> mounts_;
    played_daemon daemon_{[this](const auto& h) { return act(h); }};
};

/// Whether a process has the file open, or works in the directory.
bool held_by_anybody(const std::string& file, const std::string& dir);

}  // namespace drainlab::test
