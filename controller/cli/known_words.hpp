// Words with a line about each: `drainctl list`.
#pragma once

#include "controller/client/failure.hpp"

#include <string>
#include <vector>

namespace drainlab::cli {

/// A word and one line about it.
struct known_word {
    std::string name, about;
};

/// What `drainctl list` lists.
const std::vector<known_word>& word_kinds();

/// The words of one kind, in their own order (policies: oldest kernel
/// to newest; else sorted). Precondition: a kind of the above.
client::result<std::vector<known_word>> known_words_of(const std::string& kind);

}  // namespace drainlab::cli
