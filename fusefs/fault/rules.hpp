// The rules in force on one mount, and what came of each: asked and observed side by side.
#pragma once
#include "fusefs/fault/rule.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace drainlab::fault {

/// What was done under one rule. An injected request is under way, or has ended as exactly one of answered,
/// gone, interrupted, ended.
struct observed {
    std::uint64_t matched{};    ///< requests that it is about, counted before `after`, `times` and `probability` decide
    std::uint64_t injected{};   ///< of them struck
    std::uint64_t under_way{};  ///< struck, and not answered yet
    std::uint64_t held{};       ///< of them waiting for the delay, or until released
    std::uint64_t answered{};   ///< whose answer the kernel took
    std::uint64_t gone{};       ///< whose answer it did not take: the caller was killed, the mount unmounted by force
    std::uint64_t interrupted{};                ///< whose caller got a signal while it waited: EINTR
    std::uint64_t ended{};                      ///< that waited when the mount ended
    std::uint64_t released{}, limit_reached{};  ///< how hangs ended otherwise
    struct waits {
        std::uint64_t count{};
        nanoseconds wanted{0}, took{0}, most_late{0};
    } delays;  ///< those that were waited to their end
    nanoseconds longest_hang{0};
    std::uint64_t bytes_asked{}, bytes_dropped{};  ///< of torn writes
    std::uint64_t wrong_answers{};  ///< that were not what the rule asks for, as seen on their way to the kernel
};

/// A rule that was added. Stays as long as a request it struck waits, also when the rule is gone.
struct active {
    rule asked;
    observed saw;
    std::mt19937_64 random;
    std::uint64_t struck{};
    bool removed{};
    std::uint64_t releases{};  ///< how often release() was called: a hang ends with the next one
    /// Whether what was observed is what was asked: every injected request is accounted for, none waited less
    /// than wanted, no hang went on beyond its limit by more than a second, no answer was another one.
    bool as_asked() const noexcept;
};

/// One request, as far as rules look at it.
struct call {
    operation op{};
    std::string path;      ///< only where needs() asks for it
    pid_t process{};       ///< likewise
    std::string cgroup{};  ///< likewise
};

/// Thread: one.
class rules {
  public:
    using pointer = std::shared_ptr<active>;
    bool empty() const noexcept { return all_.empty(); }
    const std::vector<pointer>& all() const noexcept { return all_; }

    /// Precondition: nothing is wrong_with() it. Without a name it gets "fault-N". False: one of this name is there.
    bool add(rule r);
    /// Takes back the one of that name, or all if it is empty; what waits under them is released. @return how many.
    std::size_t clear(const std::string& name = {});
    /// What hangs under that rule, or under any if it is empty, goes on. @return how many requests hung.
    std::size_t release(const std::string& name = {});

    /// What decide() wants to know of a request of this kind; `any` is false if no rule is about it.
    struct needs {
        bool any{}, path{}, process{}, cgroup{};
    };
    needs needs_of(operation op) const noexcept;

    /// The first rule that strikes, in the order of adding; null: goes well.
    pointer decide(const call& c);

  private:
    std::vector<pointer> all_;
    std::uint64_t last_number_{};
};

/// Whether `cgroup` is `wanted` or lies below it. Both are paths from the hierarchy's root.
bool is_in_cgroup(const std::string& cgroup, const std::string& wanted) noexcept;

}  // namespace drainlab::fault
