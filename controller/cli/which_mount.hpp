// Which mount a word means: a directory, a name, an id or a device.
#pragma once

#include "controller/client/failure.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace drainlab::cli {

/// The MOUNT of docs/api.md that `word` means, of those that the daemon lists (oldest first, those that are gone too).
/// A directory wins over a name, that over an id, that over a device `MAJ:MIN`; `dir:`, `name:`, `id:` and `dev:` force
/// one. A directory means the mount that is on it now, by whatever path it got there, also a bind copy of one; else the
/// one that was there. Of several the one that lives, else the newest. `not_found` (exit 2) names those that there are.
client::result<nlohmann::json> which_mount(const nlohmann::json& mounts, const std::string& word);

/// The directory that `word` means, for commands that act on a mount's place. A path that is there
/// wins, and no daemon is asked; else it is the mount of that name, id or device of the daemon on
/// `socket` (empty: the default one), wherever it is now. What means nothing is taken for a path.
client::result<std::string> which_place(const std::string& word, const std::string& socket);

}  // namespace drainlab::cli
