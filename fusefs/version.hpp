// Which drainlab this is. Target drainlab::version; the text is written at build time (cmake/version.cmake).
#pragma once

namespace drainlab {

/// The release, as `--version` prints it: "0.1.0".
const char* version() noexcept;

/// The commit it was built from, as `git describe --always --dirty` says it; "unknown" outside of a git checkout.
const char* git_revision() noexcept;

}  // namespace drainlab
