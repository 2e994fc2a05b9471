// The policies, one class each; their bodies are in the file that bears their name. Derived so that each reads as the patch on
// top of the one before.
#pragma once
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"

namespace drainlab::kernel {

class base_policy : public drain_policy {
  public:
    std::string_view id() const override { return "base"; }
    std::string_view summary() const override { return "rcu_barrier, flush"; }
    std::string_view versions() const override { return "6.18 - 7.1"; }
    task<> drain(super_block& sb) const override;
};

class race_policy : public base_policy {
  public:
    std::string_view id() const override { return "race"; }
    std::string_view summary() const override { return "synchronize_rcu, rcu_barrier, flush"; }
    std::string_view versions() const override { return "base + patch 1"; }
    void window_opens(isw& s) const override;
    void window_closes(isw& s) const override;
    task<> drain(super_block& sb) const override;
};

class rmbarrier_policy : public race_policy {
  public:
    std::string_view id() const override { return "rmbarrier"; }
    std::string_view summary() const override { return "synchronize_rcu, flush"; }
    std::string_view versions() const override { return "+ patch 2"; }
    task<> drain(super_block& sb) const override;
};

class persb_policy : public drain_policy {
  public:
    std::string_view id() const override { return "persb"; }
    std::string_view summary() const override { return "this superblock's own counter"; }
    std::string_view versions() const override { return "7.2 on"; }
    task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const override;
    task<> put_inode(isw& s, inode& i) const override;
    task<> drain(super_block& sb) const override;

  protected:
    static void unpin(super_block& sb);
};

}  // namespace drainlab::kernel
