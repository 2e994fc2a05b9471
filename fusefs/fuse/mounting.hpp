// Getting a mount: by the mount system calls where we may, else through fusermount3.
#pragma once
#include "fusefs/fuse/session.hpp"
#include "fusefs/storage/unique_fd.hpp"

namespace drainlab::fuse {

/// Mount options, taken apart. Each word has its opposite; the later of two wins.
struct mount_flags {
    bool ro{}, nosuid{true}, nodev{true}, noexec{}, noatime{}, nodiratime{}, sync{}, dirsync{};
};
/// @return false for an unknown word, which `unknown` then names.
bool parse_mount_options(const std::vector<std::string>& words, mount_flags& out, std::string& unknown);

struct new_mount {
    storage::unique_fd fuse;  ///< /dev/fuse of this connection, O_NONBLOCK
    dev_t dev{};
    std::uint64_t mount_id{};
    bool direct{}, allow_other{};
};

/// Makes the mount; the kernel's INIT waits in the descriptor. @return errno, with a sentence in `error`.
int make_mount(const session_options& options, new_mount& out, std::string& error);

/// Are we root in a user namespace that is not the initial one? (There allow_other needs no consent of fuse.conf.)
bool in_user_namespace();

}  // namespace drainlab::fuse
