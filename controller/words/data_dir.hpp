// Where the files shipped with drainlab are.
#pragma once

#include "controller/words/failure.hpp"

#include <string>
#include <vector>

namespace drainlab::words {

/// The folder that holds `profiles/*.toml` and `scenarios/*.toml`, the first of os::data_dirs() that does.
/// `usage` (exit 2) when `$DRAINLAB_DATA_DIR` is set and holds none, `no_data` (exit 4) when none is there.
result<std::string> data_dir();

/// The names (file names without .toml, sorted) in `data_dir()/kind`; kind is `profiles` or `scenarios`.
result<std::vector<std::string>> data_names(const std::string& kind);

/// `word` if it names a readable file (it has a '/' or ends in .toml), else `data_dir()/kind/word.toml`. Exit 2 with
/// the nearest name otherwise.
result<std::string> data_file(const std::string& kind, const std::string& word);

}  // namespace drainlab::words
