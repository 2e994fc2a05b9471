// The policies, one class each; their bodies are in the file that bears their
// name. Derived so that each reads as the patch on top of the one before.
#pragma once
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"

namespace drainlab::kernel {

/// Before v5.14: one RCU callback and one work item per switch, counted late or not at all, no offline cleanup.
class early_policy : public drain_policy {
  public:
    switch_era era() const override { return switch_era::per_isw; }
    bool offline_cleanup() const override { return false; }
    void begin_switch(isw&) const override {}
    void abandon(isw&) const override {}
};

/// An unmount waits for nothing: busy inodes are found.
class none_policy : public early_policy {
  public:
    std::string_view id() const override { return "none"; }
    std::string_view summary() const override { return "nothing"; }
    std::string_view versions() const override { return "4.2 - 4.4"; }
    bool global() const override { return false; }
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override;
    void end_of_switch(isw&) const override {}
    task<> drain(super_block& sb) const override;
};

/// The switch takes s_active: an unmount is over before its superblock is.
class pin_super_policy : public none_policy {
  public:
    std::string_view id() const override { return "pin_super"; }
    std::string_view summary() const override { return "nothing; the switch holds the superblock"; }
    std::string_view versions() const override { return "4.5-rc"; }
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override;
    task<> put_inode(isw& s, inode& i) const override;
};

/// synchronize_rcu() and a flush, which miss a switch whose callback has not queued it yet.
class flush_policy : public early_policy {
  public:
    std::string_view id() const override { return "flush"; }
    std::string_view summary() const override { return "synchronize_rcu, flush"; }
    std::string_view versions() const override { return "4.5 - 5.1"; }
    void before_queue(isw& s) const override;
    task<> drain(super_block& sb) const override;
};

/// rcu_barrier() in place of synchronize_rcu(): callbacks have queued their works when it returns.
class barrier_policy : public early_policy {
  public:
    std::string_view id() const override { return "barrier"; }
    std::string_view summary() const override { return "rcu_barrier, flush"; }
    std::string_view versions() const override { return "5.2 - 5.13"; }
    bool counts_after_queue() const override { return true; }
    void after_queue(host& h) const override;
    task<> drain(super_block& sb) const override;
};

/// The first counter per superblock, which was posted and not merged.
class persb_2019_policy : public early_policy {
  public:
    std::string_view id() const override { return "persb_2019"; }
    std::string_view summary() const override {
        return "synchronize_rcu, then flushes until this superblock's counter is 0";
    }
    std::string_view versions() const override { return "posted April 2019, not merged"; }
    bool global() const override { return false; }
    void before_queue(isw& s) const override;
    task<> put_inode(isw& s, inode& i) const override;
    void end_of_switch(isw&) const override {}
    task<> drain(super_block& sb) const override;
};

/// What 6.18 to 7.1 do: the policy that the 7.2 series replaces.
class base_policy : public drain_policy {
  public:
    std::string_view id() const override { return "base"; }
    std::string_view summary() const override { return "rcu_barrier, flush"; }
    std::string_view versions() const override { return "6.18 - 7.1"; }
    task<> drain(super_block& sb) const override;
};

/// The same wait, where switches were queued by queue_rcu_work().
class rework_policy : public base_policy {
  public:
    std::string_view id() const override { return "rework"; }
    std::string_view summary() const override { return "rcu_barrier (pushes queue_rcu_work), flush"; }
    std::string_view versions() const override { return "5.14 - 6.17"; }
    switch_era era() const override { return switch_era::rcu_work; }
};

/// Patch 1: prepare to queue is an RCU section, which the drain waits out first.
class race_policy : public base_policy {
  public:
    std::string_view id() const override { return "race"; }
    std::string_view summary() const override { return "synchronize_rcu, rcu_barrier, flush"; }
    std::string_view versions() const override { return "base + patch 1"; }
    void window_opens(isw& s) const override;
    void window_closes(isw& s) const override;
    task<> drain(super_block& sb) const override;
};

/// Patch 2: with it the barrier is needed no longer.
class rmbarrier_policy : public race_policy {
  public:
    std::string_view id() const override { return "rmbarrier"; }
    std::string_view summary() const override { return "synchronize_rcu, flush"; }
    std::string_view versions() const override { return "+ patch 2"; }
    task<> drain(super_block& sb) const override;
};

/// Patch 3: an unmount waits for its own superblock's switches, and for nobody else's.
class persb_policy : public drain_policy {
  public:
    std::string_view id() const override { return "persb"; }
    std::string_view summary() const override { return "this superblock's own counter"; }
    std::string_view versions() const override { return "7.2 on"; }
    bool global() const override { return false; }
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override;
    task<> put_inode(isw& s, inode& i) const override;
    task<> drain(super_block& sb) const override;

  protected:
    static void unpin(super_block& sb);
};

}  // namespace drainlab::kernel
