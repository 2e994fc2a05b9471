#include "fusefs/fuse/make_identity.hpp"

#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/cgroup_identity.hpp"
#include "fusefs/fuse/session_identity.hpp"

#include <unistd.h>

namespace drainlab::fuse {

namespace {

bool may_make_cgroups(const std::filesystem::path& root) {
    const auto own = cgroup_path_of(::getpid());
    return ::access(root.c_str(), W_OK) == 0 || (own && ::access((root.string() + *own).c_str(), W_OK) == 0);
}

}  // namespace

std::unique_ptr<identity> make_identity(identity_choice choice, const std::filesystem::path& cgroup_root,
                                        boost::asio::io_context& io, kernel::host& host, std::string& error) {
    const auto root = cgroup_root.empty() ? cgroup2_root() : cgroup_root;
    const bool there = !root.empty() && cgroup_id_at(root);
    if (choice == identity_choice::cgroup && !there) {
        error = "--identity cgroup: " +
                (root.empty() ? std::string{"no cgroup v2 is mounted here"} : root.string() + " does not exist") +
                "; mount one (mount -t cgroup2 none DIR) or use --identity session";
        return nullptr;
    }
    if (choice == identity_choice::cgroup || (choice == identity_choice::automatic && there && may_make_cgroups(root)))
        return std::make_unique<cgroup_identity>(io, host, root);
    return std::make_unique<session_identity>(io, host);
}

}  // namespace drainlab::fuse
