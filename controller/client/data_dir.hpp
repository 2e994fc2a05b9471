// Where the files shipped with drainlab are.
#pragma once

#include "controller/client/failure.hpp"

#include <string>
#include <vector>

namespace drainlab::client {

/// The folder that holds `profiles/*.toml` and `scenarios/*.toml`: `$DRAINLAB_DATA_DIR`, else `<prefix>/share/drainlab`
/// of our own binary, else the source tree we were built from. `no_data` (exit 4) when none is there.
result<std::string> data_dir();

/// The names (file names without .toml, sorted) in `data_dir()/kind`; kind is `profiles` or `scenarios`.
result<std::vector<std::string>> data_names(const std::string& kind);

/// `word` if it names a readable file (it has a '/' or ends in .toml), else `data_dir()/kind/word.toml`. Exit 2 with
/// the nearest name otherwise.
result<std::string> data_file(const std::string& kind, const std::string& word);

}  // namespace drainlab::client
