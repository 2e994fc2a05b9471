// Which kernels a run boots: how they are named, and what lies behind a name.
#pragma once

#include "controller/client/failure.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::lab {

/// A kernel ready to boot.
struct kernel_image {
    std::string label;                 ///< given as LABEL=...; empty
    std::string name;                  ///< as results call it: the package, or the file's path
    std::string vmlinuz;               ///< path
    std::string config;                ///< path of its configuration, empty where there is none
    std::vector<std::string> modules;  ///< paths of uncompressed modules that the guest may load
};

/// The modules a guest may need, without ".ko".
const std::vector<std::string>& guest_modules();

/// `[LABEL=]SPEC`, SPEC being
///   deb:PACKAGE        in the cache, else fetched there with apt as an ordinary user
///   FILE.deb[+FILE.deb...]   packages at hand
///   PATH               a bzImage; with its modules folder beside it, or in the build tree it lies in
///   boot               the running machine's own, from /boot
/// Modules that are compressed in a build tree or in /lib/modules are unpacked into `scratch`.
client::result<kernel_image> find_kernel(const std::string& word, const std::string& scratch);

/// The kernels in the cache.
client::result<std::vector<kernel_image>> cached_kernels();

/// The value of an option in a kernel's configuration: "y", "m", "250", or "n" where it is not set.
std::string config_value(const std::string& config_text, const std::string& option);

}  // namespace drainlab::lab
