#include "fusefs/fuse/make_identity.hpp"

#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/cgroup_identity.hpp"
#include "fusefs/fuse/session_identity.hpp"

#include <sys/vfs.h>

#include <unistd.h>

namespace drainlab::fuse {

namespace {

bool is_cgroup2(const std::filesystem::path& root) {
    constexpr long magic = 0x63677270;  // CGROUP2_SUPER_MAGIC, include/uapi/linux/magic.h
    struct statfs s {};
    return !root.empty() && ::statfs(root.c_str(), &s) == 0 && s.f_type == magic;
}

bool may_make_cgroups(const std::filesystem::path& root) {
    const auto own = cgroup_path_of(::getpid());
    return ::access(root.c_str(), W_OK) == 0 || (own && ::access((root.string() + *own).c_str(), W_OK) == 0);
}

}  // namespace

std::unique_ptr<identity> make_identity(identity_choice choice, const std::filesystem::path& cgroup_root,
                                        boost::asio::io_context& io, kernel::host& host, std::string& error) {
    const auto root = cgroup_root.empty() ? cgroup2_root() : cgroup_root;
    const bool there = is_cgroup2(root);
    if (choice == identity_choice::cgroup && !there) {
        error = "--identity cgroup: " +
                (root.empty() ? std::string{"no cgroup v2 is mounted here"}
                              : root.string() + " is no cgroup v2 (not there, or covered by another mount)") +
                "; mount one (mount -t cgroup2 none DIR) or use --identity session";
        return nullptr;
    }
    if (choice == identity_choice::cgroup || (choice == identity_choice::automatic && there && may_make_cgroups(root)))
        return std::make_unique<cgroup_identity>(io, host, root);
    return std::make_unique<session_identity>(io, host);
}

}  // namespace drainlab::fuse
