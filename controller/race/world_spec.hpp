// What a world of the explorer is made of, read from workloads/worlds/*.toml.
#pragma once
#include "controller/race/window.hpp"
#include "controller/words/failure.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::race {

using words::failure;
using words::result;

/// What a task of a world does, once.
enum class action : std::uint8_t {
    umount,  ///< deactivate_super() of `superblock`; not before its open files are closed, if `open_file` is honoured
    memcg_offline,  ///< `memcg` goes offline: its wbs die, and the offline cleanup is queued
    blkcg_offline,  ///< `memcg` loses its io controller: its wbs die
    fsync,          ///< opens an inode of `superblock`, writes as `memcg` and syncs it: a round of foreign votes
    write,  ///< opens an inode of `superblock`, dirties a page as `memcg` and closes it: nothing is written back
    flush,  ///< the flusher writes back every dirty wb of `superblock`'s bdi, for nobody in particular
    // of the namespace, as system calls unless a kernel thread does it
    umount2,              ///< umount2(`path`), lazy or not; then mkfs of the device, if `mkfs` says so
    walk,                 ///< opens `path`, uses it, closes it
    close,                ///< closes `file`, the last close runs the shutdown
    dup_close,            ///< dup(), on to another CPU, close() of the first, use and close() of the second
    put_by_kthread,       ///< a kernel thread lets go of `file`
    put_by_delayed_work,  ///< a delayed work does
    mount,                ///< mounts `superblock` at `path`
    walk_pwd,             ///< a thread opens "." of a process whose working directory is `file`, uses it, closes it
    leave_pwd,            ///< another thread of that process goes elsewhere
    put_namespace,        ///< the last process leaves `ns`: its whole tree is taken down
};

/// What shields umount from a producer of switches. Control runs leave one out.
enum class shield : std::uint8_t {
    s_umount,   ///< the flusher trylocks s_umount; shutdown holds it for write
    sync,       ///< umount's own sync waits for what the flusher has begun on the same wb
    open_file,  ///< an open file makes umount fail with EBUSY: it begins when the file is closed
};
inline constexpr std::array all_shields{shield::s_umount, shield::sync, shield::open_file};
/// Its word in a world's file.
std::string_view to_string(shield s) noexcept;

/// A memory cgroup.
struct memcg_spec {
    std::string name;
    bool offline{};                       ///< its cleanup is queued when the run begins
    std::optional<std::size_t> parent{};  ///< none: the root
};
/// A superblock; those with the same `bdi` lie on one device.
struct superblock_spec {
    std::string name, bdi;
};
/// A file that is cached when the run begins.
struct inode_spec {
    std::size_t superblock{}, owner{};  ///< indices
    bool dirty{};
    std::size_t writer{};  ///< dirty: the memcg that its page belongs to
    bool votes_pending{};  ///< its history is full of foreign rounds: the next one asks for a switch
};
/// A copy of `init`, which is index 0 and always there.
struct namespace_spec {
    std::string name;
    bool shared{};  ///< made before the mounts, its root a peer of init's: they propagate. Else made after them.
};
/// A mount that is there when the run begins.
struct mount_spec {
    std::size_t superblock{};
    std::string at;
    bool detached{};  ///< umount -l was there before the run begins
};
/// Open when the run begins.
struct file_spec {
    std::string name, path;
};
/// A task: one action. Indices are of the lists of the world; which of them count depends on the action.
struct task_spec {
    action does{};
    std::size_t superblock{}, memcg{}, inode{}, file{}, ns{};
    std::string path{};
    bool lazy{};
    std::optional<std::size_t> mkfs{};  ///< whose device must not be busy once umount2() has returned 0
};

/// A small situation: what there is, and who does what at the same time.
struct world_spec {
    std::string name, about;
    std::uint64_t fingerprint{};    ///< of its text
    std::string producer;           ///< offline, vote, blkcg: who asks for the switches; empty without switches
    bool small{}, unbounded{};      ///< exhausted at bound 3, and without a bound, too
    std::optional<int> bound;       ///< of preemptions by default, where neither says it
    bool delays{};                  ///< the bound counts every departure from first come, first served
    bool spinlock_is_reader{true};  ///< a held spinlock holds back grace periods, as on any kernel; false: control
    bool split_counts{true};        ///< mounts count gets and puts apart; false: kernels before that
    bool release_wbs{};             ///< wbs are released; else a reference from outside keeps each to the end
    bool periodic_flusher{};        ///< dirty inodes have expired, and the flusher's turn may come at any moment
    int timers{1};
    std::vector<shield> shields;  ///< honoured
    std::vector<window> windows;
    std::vector<memcg_spec> memcgs;
    std::vector<superblock_spec> superblocks;
    std::vector<inode_spec> inodes;
    std::vector<namespace_spec> namespaces;
    std::vector<mount_spec> mounts;
    std::vector<file_spec> files;
    std::vector<task_spec> tasks;

    /// Which halves of an unmount it has: a search needs a drain policy, a namespace policy, or both.
    bool has_switches() const noexcept { return !memcgs.empty() || mounts.empty(); }
    bool has_mounts() const noexcept { return !mounts.empty(); }

    bool honours(shield s) const noexcept;
    /// The same world with one lock ignored, or named differently: a control run.
    world_spec without(shield s) const;
};

/// Reads a world. Exit 2 with file, line and what would be right.
result<world_spec> read_world(const std::string& file);
/// The same from text; `name` is used in messages and as the world's name.
result<world_spec> parse_world(std::string_view text, const std::string& name);

}  // namespace drainlab::race
