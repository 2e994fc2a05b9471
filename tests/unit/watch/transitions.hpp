// All that the unmount watch's machine can do, found by trying every input in every state.
#pragma once
#include <string>
#include <vector>

namespace watch_table {

/// One row: in `state`, `input` makes it do `does` and go to `next`. Inputs that change nothing have no row.
struct transition {
    std::string state, input, does, next;
    auto operator<=>(const transition&) const = default;
};
/// Sorted, without repetitions.
std::vector<transition> all_transitions();
/// As a table in Markdown.
std::string markdown(const std::vector<transition>& rows);

}  // namespace watch_table
