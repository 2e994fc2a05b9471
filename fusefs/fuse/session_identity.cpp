#include "fusefs/fuse/session_identity.hpp"

#include <unistd.h>

namespace drainlab::fuse {

session_identity::session_identity(boost::asio::io_context& io, kernel::host& host)
    : host_{host}, members_{io, [this](std::uint64_t session) { gone(session); }} {}

kernel::memcg_ptr session_identity::of(pid_t tid) {
    if (tid <= 0) return nullptr;
    const pid_t session = ::getsid(tid);
    if (session < 0) return nullptr;
    const auto id = static_cast<std::uint64_t>(session);
    if (!members_.knows(id, tid) && !members_.add(id, tid)) return nullptr;
    auto& m = known_[id];
    if (!m) m = kernel::memcg_create(host_, "session:" + std::to_string(session));
    return m;
}

void session_identity::gone(std::uint64_t session) {
    const auto at = known_.find(session);
    if (at == known_.end()) return;
    const auto m = std::move(at->second);
    known_.erase(at);
    kernel::memcg_rmdir(m);
}

}  // namespace drainlab::fuse
