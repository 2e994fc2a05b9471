// The five steps of the demonstration.
#pragma once

#include "controller/lazy/ground.hpp"
#include "controller/lazy/stage.hpp"

namespace drainlab::lazy {

/// What all steps know.
struct stage {
    std::chrono::milliseconds delay;  ///< of every drain
    bool gate;                        ///< unmounts wait in the kernel
    const ground& where;              ///< borrowed
};

/// A step: its words, and what it does on the stage.
struct played {
    const char *id, *title, *lesson;
    void (*act)(scene& s, const stage& on);
};

/// In the order in which they are told.
const std::vector<played>& all_steps();

/// tell_story() on a daemon that is there.
client::result<story> play_story(const ground& where, std::chrono::milliseconds delay,
                                 const std::function<void(const step&)>& tell, const std::function<bool()>& stop);

}  // namespace drainlab::lazy
