// The namespace policies, one class each; their bodies are in the file that bears their name.
#pragma once
#include "fusefs/kernel/namespace/policy.hpp"

namespace drainlab::kernel {

/// namespace_unlock() waits for one expedited grace period before it puts what was unmounted.
class expedited_policy : public namespace_policy {
  public:
    std::string_view id() const override { return "expedited"; }
    std::string_view summary() const override { return "one expedited grace period, lazy or not"; }
    std::string_view versions() const override { return "mainline since 3.13"; }
    task<> finish(unmount_batch& batch) const override;
};

/// The same with a normal one, which takes milliseconds.
class normal_policy : public namespace_policy {
  public:
    std::string_view id() const override { return "normal"; }
    std::string_view summary() const override { return "one normal grace period: what PREEMPT_RT makes of expedited"; }
    std::string_view versions() const override { return "mainline with rcu_normal"; }
    task<> finish(unmount_batch& batch) const override;
};

/// A lazy unmount returns at once; what is left goes in a worker.
class deferred_policy : public expedited_policy {
  public:
    std::string_view id() const override { return "deferred"; }
    std::string_view summary() const override { return "lazy: grace period and puts in a worker, after the return"; }
    std::string_view versions() const override { return "proposed April 2025, merged to next, dropped"; }
    bool lazy_is_synchronous() const override { return false; }
    task<> finish(unmount_batch& batch) const override;

  protected:
    static void put_in_worker(unmount_batch& batch, bool after_grace_period);
};

/// Asks in the write section whether anybody else holds a mount, and waits for RCU only then.
class on_demand_policy : public expedited_policy {
  public:
    std::string_view id() const override { return "on_demand"; }
    std::string_view summary() const override { return "no grace period for what nobody else holds, one for the rest"; }
    std::string_view versions() const override { return "proposed September 2026"; }
    task<> in_write_section(unmount_batch& batch) const override;
    task<> finish(unmount_batch& batch) const override;

  protected:
    virtual bool sole_reference(const unmount_batch&, std::int64_t count) const { return count == 1; }
};

/// No grace period at all: each walk says when it enters and leaves a mount.
class completion_policy : public namespace_policy {
  public:
    std::string_view id() const override { return "completion"; }
    std::string_view summary() const override {
        return "walks are counted per mount; the last one wakes the unmounter";
    }
    std::string_view versions() const override { return "an idea refused on the list: every walk writes"; }
    task<bool> enter(mount& m, std::int64_t seq) const override;
    void leave(mount& m) const override;
    void put_begins(mount& m) const override;
    void put_ends(mount& m) const override;
    task<> finish(unmount_batch& batch) const override;
};

}  // namespace drainlab::kernel
