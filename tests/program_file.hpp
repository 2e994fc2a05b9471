// A program that a test writes.
#pragma once
#include <filesystem>
#include <fstream>
#include <string>

namespace drainlab::tests {

/// The file `path` with this text, which can be run: a script begins with `#!/bin/sh`.
inline void write_program(const std::string& path, const std::string& text) {
    std::ofstream{path} << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

}  // namespace drainlab::tests
