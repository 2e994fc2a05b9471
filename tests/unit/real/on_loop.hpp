// A loop for tests, and a folder of its own.
#pragma once

#include "controller/real/loop.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <stdlib.h>
#include <string>

struct scratch_dir {
    std::string path = (std::filesystem::temp_directory_path() / "drainlab-real-XXXXXX").string();
    scratch_dir() { REQUIRE(mkdtemp(path.data())); }
    ~scratch_dir() { std::filesystem::remove_all(path); }
    scratch_dir(const scratch_dir&) = delete;
    scratch_dir& operator=(const scratch_dir&) = delete;
};
