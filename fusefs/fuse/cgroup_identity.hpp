// Callers by their cgroup.
#pragma once
#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/cgroup_watch.hpp"
#include "fusefs/fuse/identity.hpp"
#include "fusefs/fuse/member_watch.hpp"
#include "fusefs/kernel/host.hpp"

#include <unordered_map>

namespace drainlab::fuse {

/// One memcg for each cgroup v2 that a caller has been seen in. Dies with the cgroup's directory; where
/// that is not visible to us, with the last of the callers seen from it (and death() then says "poll").
class cgroup_identity final : public identity {
  public:
    /// @param root  where cgroup v2 is mounted.
    cgroup_identity(boost::asio::io_context& io, kernel::host& host, std::filesystem::path root);
    kernel::memcg_ptr of(pid_t tid) override;
    const char* kind() const noexcept override { return "cgroup"; }
    const char* death() const noexcept override { return blind_ ? "poll" : "inotify"; }
    bool counts_members() const noexcept override { return blind_; }
    std::size_t known() const noexcept { return known_.size(); }

  private:
    struct entry {
        kernel::memcg_ptr memcg;
        bool visible{};
    };
    kernel::memcg_ptr make(pid_t tid, std::uint64_t id);
    kernel::memcg_ptr at_path(const std::filesystem::path& directory, std::uint64_t id);
    void gone(std::uint64_t id);

    kernel::host& host_;
    std::filesystem::path root_;
    std::uint64_t root_id_;
    bool blind_{};
    std::unordered_map<std::uint64_t, entry> known_;
    recent_threads threads_;
    cgroup_watch watch_;
    member_watch members_;
};

}  // namespace drainlab::fuse
