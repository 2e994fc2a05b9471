// Groups that live as long as the members seen of them: noticed
// by the members' pidfds, which become readable at their exit.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::fuse {

/// Thread: loop.
class member_watch {
  public:
    /// @param on_empty  called from the loop when the last seen member of a group has exited.
    member_watch(boost::asio::io_context& io, std::function<void(std::uint64_t group)> on_empty);
    ~member_watch();
    bool knows(std::uint64_t group, pid_t member) const;
    /// `member` has been seen in `group`. False if it is gone already.
    bool add(std::uint64_t group, pid_t member);

  private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace drainlab::fuse
