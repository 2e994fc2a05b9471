// The narrated demonstration of lazy umount: five steps on real mounts, each with its timeline and what it asserts.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/result/lazy.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace drainlab::lazy {

/// A moment of a step, ns after its beginning.
struct event {
    std::int64_t at_ns;
    std::string what;
};

/// Something that lasts: a bar of the picture.
struct span {
    std::string lane;  ///< "umount -l", "name", "holder", "drain", "superblock", ...
    std::int64_t from_ns, to_ns;
};

/// Something a step asserts, and whether it was so.
struct claim {
    std::string text;
    bool held;
};

/// One step as it went.
struct step {
    std::string id, title, lesson;
    std::vector<event> events;  ///< in order of time
    std::vector<span> spans;
    std::vector<claim> claims;
    bool fine() const;
};

/// All steps that were played; not `complete` when it was stopped.
struct story {
    std::vector<step> steps;
    std::string umount_wait;  ///< gate: the unmounter waits in the kernel; api: it does not
    bool complete = true;
    bool fine() const;
};

/// Tells it on a private daemon (listening on `socket` unless that is empty); `tell`
/// hears of every step when it is over. Each drain is made to take `delay`. Unmounting
/// needs root or a user namespace: exit 4 otherwise. `stop` is asked between steps.
client::result<story> tell_story(std::chrono::milliseconds delay, const std::function<void(const step&)>& tell,
                                 const std::function<bool()>& stop, const std::string& socket = {});

/// One step for people.
std::string to_text(const step& s, int number);
/// For drainlab.lazy/1; how the run was made is the caller's to say.
report::lazy_document document_of(const story& s);
/// The whole story as one picture: a lane per actor, time to the right, all steps on one scale.
std::string to_svg(const story& s);

}  // namespace drainlab::lazy
