// Questions that may not come back: asked by a child that is left behind when it takes too long.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace drainlab::machine {

/// What a child said until it ended, or fell silent.
struct answer {
    std::string text;
    bool finished = false;  ///< false: silent for too long (and killed), or it could not be started
};

/// Runs `body` in a child; what it writes to the descriptor it is given is the answer. It may be silent for `patience`
/// at most.
answer ask_in_child(const std::function<int(int out)>& body, std::chrono::milliseconds patience);

/// In the child: writes all of it.
void tell(int out, std::string_view text);

}  // namespace drainlab::machine
