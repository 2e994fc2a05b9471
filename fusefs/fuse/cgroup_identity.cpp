#include "fusefs/fuse/cgroup_identity.hpp"

#include "fusefs/fuse/caller.hpp"

namespace drainlab::fuse {

cgroup_identity::cgroup_identity(boost::asio::io_context& io, kernel::host& host, std::filesystem::path root)
    : host_{host},
      root_{std::move(root)},
      root_id_{cgroup_id_at(root_).value_or(1)},
      watch_{io, [this](std::uint64_t id) { gone(id); }},
      members_{io, [this](std::uint64_t id) { gone(id); }} {
    known_[root_id_] = {host.root_memcg, true};
}

kernel::memcg_ptr cgroup_identity::of(pid_t tid) {
    if (tid <= 0) return nullptr;
    std::optional<std::uint64_t> id = threads_.cgroup_of(tid);
    if (!id) {  // an older kernel: by the path, which costs twice as much
        const auto path = cgroup_path_of(tid);
        if (path) id = cgroup_id_at(root_.string() + *path);
    }
    if (!id) return nullptr;
    const auto at = known_.find(*id);
    if (at == known_.end()) return make(tid, *id);
    if (!at->second.visible && !members_.knows(*id, tid)) members_.add(*id, tid);
    return at->second.memcg;
}

kernel::memcg_ptr cgroup_identity::make(pid_t tid, std::uint64_t id) {
    if (const auto path = cgroup_path_of(tid)) {
        const std::filesystem::path directory = root_.string() + *path;
        if (cgroup_id_at(directory) == id)
            if (auto m = at_path(directory, id)) return m;
    }
    blind_ = true;
    auto m = kernel::memcg_create(host_, "cgroup:" + std::to_string(id));
    known_[id] = {m, false};
    if (!members_.add(id, tid)) gone(id);
    return m;
}

/// With its ancestors: what a dying memcg leaves goes to the nearest that lives.
kernel::memcg_ptr cgroup_identity::at_path(const std::filesystem::path& directory, std::uint64_t id) {
    if (const auto at = known_.find(id); at != known_.end()) return at->second.memcg;
    const auto above = directory.parent_path();
    kernel::memcg_ptr parent;
    if (const auto parent_id = cgroup_id_at(above); parent_id && above != root_) parent = at_path(above, *parent_id);
    auto m = kernel::memcg_create(host_, directory.lexically_relative(root_).string(), parent);
    known_[id] = {m, true};
    if (watch_.watch(directory, id)) return m;  // may call gone() at once: then `m` is dying already, as its cgroup is
    known_.erase(id);
    return nullptr;
}

void cgroup_identity::gone(std::uint64_t id) {
    const auto at = known_.find(id);
    if (at == known_.end()) return;
    const auto m = std::move(at->second.memcg);
    known_.erase(at);
    kernel::memcg_rmdir(m);
}

}  // namespace drainlab::fuse
