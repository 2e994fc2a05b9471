// A superblock without files: mounts and unmounts need no more.
#pragma once
#include "fusefs/kernel/host.hpp"

namespace drainlab::kernel {

/// Without `bdi` it gets one of its own. Its drain policy is persb: there is nothing to wait for.
std::shared_ptr<super_block> empty_super(host& h, std::string name, backing_dev_info* bdi = nullptr);

}  // namespace drainlab::kernel
