// Small closed worlds of mounts and tasks: what an explorer of schedules runs a namespace policy through.
#pragma once
#include "fusefs/kernel/namespace/mount_table.hpp"

namespace drainlab::kernel {

/// `script` sets the stage without any choice, spawns the tasks that race, and returns when they are done. Fibers get CPUs of
/// their own, at most namespace_world_cpus. When nothing can run any more, call check_leaked_mounts().
struct namespace_world {
    std::string_view name;
    std::string_view summary;
    task<> (*script)(mount_table& t);
};
inline constexpr int namespace_world_cpus = 4;

const std::vector<namespace_world>& namespace_worlds();
/// Null if unknown.
const namespace_world* find_namespace_world(std::string_view name);

/// A superblock without files: mounts and unmounts need no more. Without `bdi` it gets one of its own.
std::shared_ptr<super_block> empty_super(host& h, std::string name, backing_dev_info* bdi = nullptr);

}  // namespace drainlab::kernel
