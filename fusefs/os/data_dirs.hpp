// Where the files shipped with drainlab may be.
#pragma once

#include <string>
#include <vector>

namespace drainlab::os {

/// What a program knows of where it was made.
struct origin {
    std::string program;     ///< PREFIX/bin/NAME, as it runs now; may be empty
    std::string sources;     ///< the source tree it was built from, absolute
    std::string to_sources;  ///< the way there from PREFIX when it was built, as `../..`
};

/// Folders in which `profiles/`, `scenarios/`, `worlds/`, ... are looked for; the first that
/// has them counts, and they need not exist. `$DRAINLAB_DATA_DIR` alone if that is set, else
///  - `PREFIX/share/drainlab`: an installation;
///  - `PREFIX/to_sources/workloads`: a build tree that was moved together with its sources. Only if it
///    belongs to the owner of the program or to root: above a program in /tmp anybody may put a folder;
///  - `sources/workloads`: a build tree that left its sources;
///  - `PREFIX/data`: the copy that the build made, for a build tree whose sources are gone.
///
/// Thread: any, while nobody changes the environment.
std::vector<std::string> data_dirs(const origin& from);

/// The same for this process's own program.
std::vector<std::string> data_dirs();

}  // namespace drainlab::os
