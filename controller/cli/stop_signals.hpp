// Ending in order when a signal asks for it.
#pragma once

namespace drainlab::cli {

/// From now on the signals that end a command (machine::ending_signals()) only ask it to stop; see asked_to_stop().
void heed_signals();
/// Whether one has come since. For a command that looks from time to time, tidies up, and says that it is not complete.
bool asked_to_stop() noexcept;

}  // namespace drainlab::cli
