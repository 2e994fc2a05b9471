// Programs of a test in the place of the machine's.
#pragma once
#include "tests/own_folder.hpp"
#include "tests/program_file.hpp"

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

namespace drainlab::tests {

/// A folder that is the first on PATH as long as this lives. Not where another thread reads the environment.
class played_programs {
  public:
    played_programs() {
        if (const char* path = std::getenv("PATH")) before_ = path;
        setenv("PATH", (folder_.dir + ":" + before_).c_str(), 1);
    }
    ~played_programs() { setenv("PATH", before_.c_str(), 1); }
    played_programs(const played_programs&) = delete;
    played_programs& operator=(const played_programs&) = delete;

    /// From now on these programs note how they are called, then do this (lines of sh).
    void play(std::initializer_list<const char*> names, const std::string& does) const {
        for (const char* name : names)
            write_program(folder_ / name, "#!/bin/sh\necho \"$*\" >>'" + notes() + "'\n" + does + "\n");
    }
    /// The words of each call, without the program's name, in order.
    std::vector<std::string> calls() const {
        std::vector<std::string> all;
        std::ifstream file{notes()};
        for (std::string line; std::getline(file, line);) all.push_back(line);
        return all;
    }

  private:
    std::string notes() const { return folder_ / "calls"; }
    own_folder folder_;
    std::string before_;
};

}  // namespace drainlab::tests
