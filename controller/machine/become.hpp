// The way from a fresh copy of us to a program; for child.cpp.
#pragma once

#include "controller/machine/birth.hpp"

#include <sys/types.h>

#include <vector>

namespace drainlab::machine {

/// Everything that a child needs, made ready before it is born: afterwards nothing is allocated.
class becoming {
  public:
    /// `trouble`: where a child that becomes a program says its errno; -1 for one that stays a copy of us.
    becoming(const birth& how, int trouble);

    /// In the child: takes its place in the world. An errno.
    int settle() noexcept;
    /// In the child: becomes the program; only comes back with an errno.
    int run() noexcept;
    [[noreturn]] void fail(int error) noexcept;

  private:
    int take_descriptors() noexcept;
    int close_others() noexcept;

    const birth& how_;
    std::vector<std::string> environment_;
    std::vector<char*> argv_, envp_;
    std::vector<int> copies_, kept_;  // kept_: the numbers above 2 that stay open, sorted
    int trouble_, floor_;
    bool hangup_ignored_;
    pid_t parent_;
};

}  // namespace drainlab::machine
