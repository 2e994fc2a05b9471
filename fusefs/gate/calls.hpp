// The system calls that only the gate makes: each may wait for the daemon.
#pragma once
#include "fusefs/gate/protocol.hpp"

#include <sys/types.h>

namespace drainlab::gate {

/// Whether this machine has ustat(2) at all (x86-64 does, newer architectures do not).
bool have_ustat() noexcept;

/// ustat(2) of the superblock `dev`: takes its s_umount shared and, on FUSE, sends FUSE_STATFS. 0 or errno; EINVAL when
/// there is no such (living) superblock. Waits for a queued writer, and for the daemon's answer.
int call_ustat(dev_t dev) noexcept;

/// Unmounts request::path as its flags say, by umount2(2) or by the program fusermount3. 0 or errno (EBUSY when
/// fusermount3 fails, ETIMEDOUT when it does not end within 5 s).
int call_umount(const request& r);

}  // namespace drainlab::gate
