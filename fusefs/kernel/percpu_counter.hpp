// A percpu_counter that can be freed. Touching a freed one is the use-after-free of
// CVE-2026-64378; here the counter itself notices and reports, and nothing undefined happens.
#pragma once
#include <cstdint>
#include <functional>

namespace drainlab::kernel {

/// One sum, not one a CPU: nothing here depends on the batch. Thread: the model's.
class percpu_counter {
  public:
    /// `on_use_after_free` is called for the first access after destroy(); accesses_after_free() counts them all.
    explicit percpu_counter(std::function<void()> on_use_after_free) : on_uaf_{std::move(on_use_after_free)} {}
    void add(std::int64_t delta) {
        if (freed_) {
            if (++after_free_ == 1) on_uaf_();
        } else {
            count_ += delta;
        }
    }
    /// percpu_counter_destroy()
    void destroy() noexcept { freed_ = true; }
    bool freed() const noexcept { return freed_; }
    std::uint64_t accesses_after_free() const noexcept { return after_free_; }
    std::int64_t sum() const noexcept { return count_; }

  private:
    std::function<void()> on_uaf_;
    std::int64_t count_{};
    std::uint64_t after_free_{};
    bool freed_{};
};

}  // namespace drainlab::kernel
