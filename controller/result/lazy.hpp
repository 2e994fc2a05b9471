// What `lazy` saw: steps, each with its timeline and what it asserts.
#pragma once

#include "controller/result/facts.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// Something that happened, ms after the step began.
struct lazy_event {
    double at_ms = 0;
    std::string what;
};
/// A bar of a lane: name, holder, superblock, ...
struct lazy_span {
    std::string lane;
    double from_ms = 0, to_ms = 0;
};
/// Something that ought to be so, in a sentence, and whether it was.
struct lazy_claim {
    std::string text;
    bool held = false;
};
/// One situation. `fine`: all its claims held.
struct lazy_step {
    std::string id, title;
    bool fine = true;
    std::vector<lazy_event> events;
    std::vector<lazy_span> spans;
    std::vector<lazy_claim> claims;
};
/// All steps of a `lazy`; not `complete` if it was interrupted.
struct lazy_document {
    std::optional<facts> made;
    bool complete = true, fine = true;
    std::string umount_wait;  ///< gate, api
    std::vector<lazy_step> steps;
};

/// drainlab.lazy/1, indented, with a newline at the end.
std::string to_json(const lazy_document& d);

}  // namespace drainlab::report
