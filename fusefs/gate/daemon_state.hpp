// What a silent daemon is doing, and how long it may: the gate kills one that keeps unmounters waiting for nothing.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace drainlab::gate {

/// What /proc says of the daemon's loop thread.
enum class loop_state : std::uint8_t {
    idle,     ///< waits for events, or in a place that nobody tells: its heartbeat should have come
    busy,     ///< has used the CPU since it was last looked at
    in_call,  ///< waits in some system call, as a rule of a store
    in_fuse,  ///< waits for the answer to a FUSE request, of a store or (should it not know better) of its own
    stopped,  ///< by a signal, a debugger or the freezer
};

/// One look: the letter of its state, what wchan names, and the CPU time it has had, in any unit.
struct loop_look {
    char letter{};
    std::string_view place;
    std::uint64_t cpu{};
};
/// `cpu_before`: as of the look before.
loop_state state_of_loop(const loop_look& now, std::uint64_t cpu_before) noexcept;

/// How long a daemon in that state may be silent while somebody waits in an unmount.
std::chrono::seconds patience(loop_state s) noexcept;
/// For the line that the gate writes before it kills a daemon.
const char* words(loop_state s) noexcept;

/// Reads it of the main thread of process `pid`. False if that cannot be read. `place` needs room for 128 bytes and is
/// what `look` refers to.
bool look_at_loop(pid_t pid, loop_look& look, char* place) noexcept;

}  // namespace drainlab::gate
