// What a guest boots with: our init, umount(8) with its libraries, the kernel's modules, and a small ext4.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/lab/kernel.hpp"

#include <string>

namespace drainlab::lab {

/// The non-zero blocks of an empty ext4 of 16 MiB, each as a 64-bit little-endian offset and 4096 bytes. Made with
/// mke2fs in
/// `scratch`; the same bytes each time with the same mke2fs.
client::result<std::string> ext4_blocks(const std::string& scratch);

/// The file's non-zero blocks in that form; pure.
std::string nonzero_blocks(const std::string& image);

/// The program that guests run as /init: beside drainctl, or in libexec. Exit 4 where it is missing.
client::result<std::string> guest_program();

/// The archive for `kernel`: the same bytes for the same kernel, programs and libraries.
client::result<std::string> make_initramfs(const kernel_image& kernel, const std::string& ext4);

}  // namespace drainlab::lab
