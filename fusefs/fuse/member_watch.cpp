#include "fusefs/fuse/member_watch.hpp"

#include "fusefs/fuse/caller.hpp"
#include "fusefs/os/when_readable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <map>

namespace drainlab::fuse {

struct member_watch::impl : std::enable_shared_from_this<member_watch::impl> {
    using descriptor = boost::asio::posix::stream_descriptor;
    impl(boost::asio::io_context& c, std::function<void(std::uint64_t)> f) : io{c}, on_empty{std::move(f)} {}

    void exited(std::uint64_t group, pid_t member) {
        const auto g = groups.find(group);
        if (g == groups.end()) return;
        g->second.erase(member);
        if (!g->second.empty()) return;
        groups.erase(g);
        on_empty(group);
    }

    descriptor* find(std::uint64_t group, pid_t member) {
        const auto g = groups.find(group);
        if (g == groups.end()) return nullptr;
        const auto m = g->second.find(member);
        return m == g->second.end() ? nullptr : &m->second;
    }

    void wait_for(std::uint64_t group, pid_t member) {
        const auto weak = weak_from_this();
        const auto look_up = [weak, group, member]() -> descriptor* {
            const auto self = weak.lock();
            return self ? self->find(group, member) : nullptr;
        };
        os::when_readable(look_up, [weak, group, member] {
            if (const auto self = weak.lock()) self->exited(group, member);
        });
    }

    boost::asio::io_context& io;
    std::function<void(std::uint64_t)> on_empty;
    std::map<std::uint64_t, std::map<pid_t, descriptor>> groups;
};

member_watch::member_watch(boost::asio::io_context& io, std::function<void(std::uint64_t)> on_empty)
    : impl_{std::make_shared<impl>(io, std::move(on_empty))} {}
member_watch::~member_watch() = default;

bool member_watch::knows(std::uint64_t group, pid_t member) const {
    const auto g = impl_->groups.find(group);
    return g != impl_->groups.end() && g->second.contains(member);
}

bool member_watch::add(std::uint64_t group, pid_t member) {
    storage::unique_fd fd = open_thread(member);
    if (!fd) return false;
    impl& w = *impl_;
    auto [at, added] = w.groups[group].try_emplace(member, w.io, fd.get());
    if (!added) return true;
    static_cast<void>(fd.release());
    w.wait_for(group, member);
    return true;
}

}  // namespace drainlab::fuse
