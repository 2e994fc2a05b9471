// Which drainlab this is. Target drainlab::version; the text is written at build time (cmake/version.cmake).
#pragma once

namespace drainlab {

/// The release, as `--version` prints it: "0.1.0".
const char* version() noexcept;

/// The commit it was built from, as `git describe --always --dirty` says it; "unknown" outside of a git checkout.
const char* git_revision() noexcept;

/// How drainctl and drainfs speak to each other. Raised when one of them comes to rely on something that an older other
/// one does not know. Each answer of the daemon carries its own in a header; a daemon without one speaks 1.
inline constexpr int protocol_version = 2;
inline constexpr const char* protocol_header = "Drainlab-Protocol";

}  // namespace drainlab
