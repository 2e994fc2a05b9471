// Being on the CPU soon after a wake-up.
#pragma once

namespace drainlab::gate {

/// Asks for short time slices for the calling thread and those it will start (sched_setattr(2), Linux >= 6.12): a
/// thread that runs for some microseconds and waits again is then let in at its wake-up, instead of at the end of
/// somebody else's slice. Needs no privilege, gives no larger share; without effect on older kernels.
void ask_for_short_slices() noexcept;

}  // namespace drainlab::gate
