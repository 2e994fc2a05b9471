// A schedule told step by step: what umount does, what the switcher does, and what is so after each step.
#pragma once
#include "controller/race/explore.hpp"

namespace drainlab::race {

/// One turn of one task.
struct story_row {
    std::string task;              ///< who acts
    std::string umount, switcher;  ///< what it does; one of them is empty
    std::string state;             ///< what memory holds afterwards
};

/// A schedule, told.
struct story {
    std::vector<story_row> rows;         ///< at most 12, unless more tasks than that take turns
    std::string last_words;              ///< the kernel's own message, or what a deadlock looks like
    std::vector<std::string> aftermath;  ///< what else was violated, in order
    std::string others;                  ///< heading of the column beside umount's
};

/// Runs `s` once more and tells it. Ends with the last violation.
story tell(const world_spec& world, const subject& under, const sched::schedule& s);

/// The table `switcher | umount | state`, for a terminal of so many columns.
std::string as_text(const story& s, int columns);
/// A Mermaid sequence diagram.
std::string as_mermaid(const story& s);

}  // namespace drainlab::race
