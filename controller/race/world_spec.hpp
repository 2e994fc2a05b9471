// What a world of the explorer is made of, read from workloads/worlds/*.toml.
#pragma once
#include "controller/client/failure.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::race {

using client::failure;
using client::result;

enum class action : std::uint8_t {
    umount,  ///< deactivate_super() of `superblock`; not before its open files are closed, if `open_file` is honoured
    memcg_offline,  ///< `memcg` goes offline: its wbs die, and the offline cleanup is queued
    blkcg_offline,  ///< `memcg` loses its io controller: its wbs die
    fsync,          ///< opens an inode of `superblock`, writes as `memcg` and syncs it: a round of foreign votes
    flush,          ///< the flusher writes back every dirty wb of `superblock`'s bdi, for nobody in particular
};

/// What shields umount from a producer of switches. Control runs leave one out.
enum class shield : std::uint8_t {
    s_umount,   ///< the flusher trylocks s_umount; shutdown holds it for write
    sync,       ///< umount's own sync waits for what the flusher has begun on the same wb
    open_file,  ///< an open file makes umount fail with EBUSY: it begins when the file is closed
};
inline constexpr std::array all_shields{shield::s_umount, shield::sync, shield::open_file};
std::string_view to_string(shield s) noexcept;

/// A state that a world is about. A search that never reaches one proves nothing.
enum class window : std::uint8_t {
    prepared_unqueued,  ///< a switch is between prepare and queue, umount of its superblock between clearing SB_ACTIVE and the busy check
    backs_out,  ///< a switch is counted, or has its pin, and sees SB_ACTIVE clear
};
inline constexpr std::array all_windows{window::prepared_unqueued, window::backs_out};
std::string_view to_string(window w) noexcept;

struct memcg_spec {
    std::string name;
    bool offline{};  ///< its cleanup is queued when the run begins
};
struct superblock_spec {
    std::string name, bdi;
};
struct inode_spec {
    std::size_t superblock{}, owner{};  ///< indices
    bool dirty{};
    std::size_t writer{};  ///< dirty: the memcg that its page belongs to
    bool votes_pending{};  ///< its history is full of foreign rounds: the next one asks for a switch
};
struct task_spec {
    action does{};
    std::size_t superblock{}, memcg{}, inode{};
};

struct world_spec {
    std::string name, about;
    std::uint64_t fingerprint{};  ///< of its text
    std::string producer;         ///< offline, vote, blkcg: who asks for the switches
    bool small{}, unbounded{};    ///< exhausted at bound 3, and without a bound, too
    int timers{1};
    std::vector<shield> shields;  ///< honoured
    std::vector<window> windows;
    std::vector<memcg_spec> memcgs;
    std::vector<superblock_spec> superblocks;
    std::vector<inode_spec> inodes;
    std::vector<task_spec> tasks;

    bool honours(shield s) const noexcept;
    /// The same world with one lock ignored, or named differently: a control run.
    world_spec without(shield s) const;
};

/// Reads a world. Exit 2 with file, line and what would be right.
result<world_spec> read_world(const std::string& file);
/// The same from text; `name` is used in messages and as the world's name.
result<world_spec> parse_world(std::string_view text, const std::string& name);

}  // namespace drainlab::race
