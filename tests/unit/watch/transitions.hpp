// All that the unmount watch's machine can do, found by trying every input in every state.
#pragma once
#include <string>
#include <tuple>
#include <vector>

namespace watch_table {

/// One row: in `state`, `input` makes it do `does` and go to `next`. Inputs that change nothing have no row.
struct transition {
    std::string state, input, does, next;
    bool operator<(const transition& o) const {
        return std::tie(state, input, does, next) < std::tie(o.state, o.input, o.does, o.next);
    }
};
/// Sorted, without repetitions.
std::vector<transition> all_transitions();
/// As a table in Markdown.
std::string markdown(const std::vector<transition>& rows);

}  // namespace watch_table
