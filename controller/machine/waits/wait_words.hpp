// In which wait of the kernel a task is, in words. Pure: from its stack, or from wchan alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drainlab::machine {

/// What is known of a place in the kernel.
struct wait_words {
    /// Where in the unmount: namespace_sem namespace_unlock s_umount fsnotify dcache sync cgroup_writeback_umount
    /// evict put_super device bdi_unregister kill_sb; "" where it does not tell.
    std::string stage;
    /// For what: synchronize_rcu rcu_barrier flush_workqueue wait_var_event lock page_writeback journal device_flush
    /// io fuse_request; "" if it does not wait, or it does not tell.
    std::string wait;
    std::string text;   ///< one sentence for people
    std::string helps;  ///< what would make it shorter, or end it; may be empty
};

/// The functions of a text of /proc/PID/stack, innermost first, without offsets.
std::vector<std::string> parse_stack(std::string_view text);

/// From the stack, innermost first; from wchan where the stack is empty (it needs root). `wchan` "0" or "" is none.
wait_words words_for(const std::vector<std::string>& stack, std::string_view wchan);

/// Whether the task is in the middle of unmounting, or of a superblock's death.
bool is_unmounting(const std::vector<std::string>& stack, std::string_view wchan);

/// Whether the task works on some superblock with s_umount taken, other than to let it die.
bool locks_superblocks(const std::vector<std::string>& stack);

/// The filesystem whose superblock dies there, by the names of its functions ("ext4", "fuse"); "" where it does not
/// tell.
std::string dying_type(const std::vector<std::string>& stack);

/// Whether it waits until a frozen filesystem is thawed (sb_start_write() and its kin,
/// include/linux/fs.h). Without a stack the innermost function alone has to say it: then perhaps.
bool waits_for_thaw(const std::vector<std::string>& stack, std::string_view wchan);

}  // namespace drainlab::machine
