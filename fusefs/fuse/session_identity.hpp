// Callers by their session (setsid(2)): for containers whose cgroup v2 cannot be written to.
#pragma once
#include "fusefs/fuse/identity.hpp"
#include "fusefs/fuse/member_watch.hpp"
#include "fusefs/kernel/host.hpp"

#include <unordered_map>

namespace drainlab::fuse {

/// One memcg for each session that a caller has been seen in; it dies when all threads seen of it have exited.
class session_identity final : public identity {
  public:
    session_identity(boost::asio::io_context& io, kernel::host& host);
    kernel::memcg_ptr of(pid_t tid) override;
    const char* kind() const noexcept override { return "session"; }
    const char* death() const noexcept override { return "poll"; }

  private:
    void gone(std::uint64_t session);

    kernel::host& host_;
    std::unordered_map<std::uint64_t, kernel::memcg_ptr> known_;
    member_watch members_;
};

}  // namespace drainlab::fuse
