#include "fusefs/fuse/cgroup_watch.hpp"

#include "fusefs/fuse/caller.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/inotify.h>

#include <map>
#include <set>
#include <unistd.h>
#include <vector>

namespace drainlab::fuse {

struct cgroup_watch::impl {
    impl(boost::asio::io_context& io, std::function<void(std::uint64_t)> gone) : on_gone{std::move(gone)}, events{io} {
        const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (fd < 0) return;
        events.assign(fd);
        wait();
    }

    struct parent {
        std::filesystem::path path;
        std::map<std::string, std::set<std::uint64_t>> children;  ///< ids seen under a name and not yet gone
    };

    void wait() {
        events.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](const boost::system::error_code& error) {
                              if (error) return;
                              read_events();
                              wait();
                          });
    }

    void read_events() {
        alignas(inotify_event) char buffer[16 * 1024];
        for (ssize_t n; (n = ::read(events.native_handle(), buffer, sizeof buffer)) > 0;) {
            for (ssize_t at = 0; at < n;) {
                const auto& e = *reinterpret_cast<const inotify_event*>(buffer + at);
                at += static_cast<ssize_t>(sizeof e + e.len);
                if (e.mask & IN_Q_OVERFLOW)
                    rescan();
                else if (e.mask & IN_IGNORED)
                    forget_parent(e.wd);
                else if (e.len)
                    check(e.wd, e.name);
            }
        }
    }

    /// Who is no longer what is called `name` now, is gone.
    void check(int wd, const std::string& name) {
        const auto p = parents.find(wd);
        if (p == parents.end()) return;
        const auto c = p->second.children.find(name);
        if (c == p->second.children.end()) return;
        const auto now = cgroup_id_at(p->second.path / name);
        std::vector<std::uint64_t> gone;
        for (const auto id : c->second)
            if (id != now) gone.push_back(id);
        for (const auto id : gone) c->second.erase(id);
        if (c->second.empty()) p->second.children.erase(c);
        if (p->second.children.empty()) {
            ::inotify_rm_watch(events.native_handle(), wd);
            parents.erase(p);
        }
        for (const auto id : gone) on_gone(id);
    }

    void rescan() {
        std::vector<std::pair<int, std::string>> all;
        for (const auto& [wd, p] : parents)
            for (const auto& [name, ids] : p.children) all.emplace_back(wd, name);
        for (const auto& [wd, name] : all) check(wd, name);
    }

    void forget_parent(int wd) {  // the parent itself was removed, so its children had been before
        const auto p = parents.find(wd);
        if (p == parents.end()) return;
        std::vector<std::string> names;
        for (const auto& [name, ids] : p->second.children) names.push_back(name);
        for (const auto& name : names) check(wd, name);
        parents.erase(wd);
    }

    std::function<void(std::uint64_t)> on_gone;
    boost::asio::posix::stream_descriptor events;
    std::map<int, parent> parents;
};

cgroup_watch::cgroup_watch(boost::asio::io_context& io, std::function<void(std::uint64_t)> on_gone)
    : impl_{std::make_unique<impl>(io, std::move(on_gone))} {}
cgroup_watch::~cgroup_watch() = default;

bool cgroup_watch::watch(const std::filesystem::path& directory, std::uint64_t id) {
    impl& w = *impl_;
    if (!w.events.is_open()) return false;
    const auto parent = directory.parent_path();
    const int wd = ::inotify_add_watch(w.events.native_handle(), parent.c_str(), IN_DELETE | IN_ONLYDIR);
    if (wd < 0) return false;
    auto& p = w.parents[wd];
    p.path = parent;
    p.children[directory.filename()].insert(id);
    w.check(wd, directory.filename());  // it may have gone before the watch was there
    return true;
}

std::size_t cgroup_watch::watches() const noexcept { return impl_->parents.size(); }

}  // namespace drainlab::fuse
