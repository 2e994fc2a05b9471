// RAM disks, each with the same small ext4.
#pragma once

#include <string>

namespace drainlab::guest {

class channel;

/// How many there are: the first half is for busy superblocks, the second for targets.
inline constexpr int disk_count = 16;
inline constexpr int first_target = 8;

/// Loads brd and, where it is a module, ext4, and writes the filesystem to every disk: `/ext4.blocks` holds its
/// non-zero
/// blocks, each as a 64-bit offset and 4096 bytes.
void make_disks(channel& out);

/// Mounts disk `i` at `dir`, which is made.
void mount_disk(channel& out, int i, const std::string& dir);

}  // namespace drainlab::guest
