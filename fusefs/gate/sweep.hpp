// Tries, again and again, whether somebody has queued behind the gate: a remount, which announces itself by nothing
// else.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace drainlab::gate {

/// A superblock that the gate holds.
struct held_superblock {
    std::uint32_t mount{};
    dev_t dev{};
};

/// One round over superblocks, in a thread of its own: one ustat(2) of each, one after the other.
struct sweep_round {
    std::vector<held_superblock> over;
    std::uint64_t tag{};
    std::atomic<std::size_t> at{0};      ///< index of the one being tried
    std::atomic<pid_t> tid{0};           ///< 0 until the thread runs
    std::atomic<bool> abandoned{false};  ///< it ends behind the one that it hangs at
    std::atomic<bool> done{false};
};

/// Thread: one, which never enters ustat() itself.
class sweep {
  public:
    /// Both are called in each round's thread: before its first ustat(), and after its last.
    using tell = std::function<void(const sweep_round&)>;
    sweep(tell on_start, tell on_end) : on_start_{std::move(on_start)}, on_end_{std::move(on_end)} {}

    /// Starts a round, without those at which an earlier one still hangs. Nothing if the last one has not ended.
    void begin(std::vector<held_superblock> over);
    bool going_on() const noexcept { return current_ && !current_->done; }
    /// Rounds that hang: the current one becomes one of them if it has not moved since the last call.
    const std::vector<std::shared_ptr<sweep_round>>& look();

  private:
    tell on_start_, on_end_;
    std::shared_ptr<sweep_round> current_;
    std::size_t seen_at_{};
    std::vector<std::shared_ptr<sweep_round>> hanging_;
    std::uint64_t last_tag_{1ull << 63};  // the daemon counts its own from 1
};

}  // namespace drainlab::gate
