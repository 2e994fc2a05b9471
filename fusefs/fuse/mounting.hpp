// Getting a mount: by the mount system calls where we may, else through fusermount3.
#pragma once
#include "fusefs/fuse/session.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/storage/unique_fd.hpp"

namespace drainlab::fuse {

/// Mount options, taken apart. Each word has its opposite; the later of two wins.
struct mount_flags {
    bool ro{}, nosuid{true}, nodev{true}, noexec{}, noatime{}, nodiratime{}, sync{}, dirsync{};
};
/// @return false for an unknown word, which `unknown` then names.
bool parse_mount_options(const std::vector<std::string>& words, mount_flags& out, std::string& unknown);

/// A mount that nobody serves yet. Both descriptors are its owner's.
struct new_mount {
    storage::unique_fd fuse;  ///< /dev/fuse of this connection, O_NONBLOCK
    storage::unique_fd root;  ///< if made directly: what was mounted. Keeps it busy while open
    os::mount_identity who;
    bool direct{}, allow_other{};
};

/// Makes the mount; the kernel's INIT waits in the descriptor. May wait for the file system below (a directory that is
/// locked by somebody who waits for it) and for fusermount3, for that 5 s at most: so not on the loop. @return errno,
/// with a sentence in `error`. EBUSY: already a drainfs mount; EXDEV: lies on one; EINVAL: unknown mount option;
/// EACCES, EPERM: may not (says what would help); ETIMEDOUT.
int make_mount(const session_options& options, new_mount& out, std::string& error);
/// Takes away what make_mount() has made, lazily. May wait, as above.
void unmake_mount(const session_options& options, new_mount& made);

/// Are we root in a user namespace that is not the initial one? (There allow_other needs no consent of fuse.conf.)
bool in_user_namespace();

}  // namespace drainlab::fuse
