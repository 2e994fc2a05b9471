#include "controller/lab/files.hpp"

#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>

using namespace drainlab;
using namespace drainlab::lab;
namespace fs = std::filesystem;

TEST_CASE("a file is written whole or not at all", "[lab][files]") {
    const folder f;
    REQUIRE(write_file(f / "a", "old"));
    REQUIRE(write_file(f / "a", std::string("new\0text", 8)));
    CHECK(read_file(f / "a").value() == std::string("new\0text", 8));
    CHECK(std::distance(fs::directory_iterator(f.dir), {}) == 1);
    const auto no_folder = write_file(f / "nowhere/a", "text");
    REQUIRE_FALSE(no_folder);
    CHECK(no_folder.error().exit == client::exit_code::cannot_run);
    fs::create_directory(f / "d");
    CHECK_FALSE(write_file(f / "d", "text"));
    CHECK(std::distance(fs::directory_iterator(f.dir), {}) == 2);
    const auto missing = read_file(f / "missing");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().exit == client::exit_code::usage);
    CHECK(missing.error().message.find("missing") != std::string::npos);
    CHECK_FALSE(disk_full(f.dir));
    CHECK_FALSE(disk_full(f / "nowhere"));
}

TEST_CASE("the cache is where it is said to be, else where such things are", "[lab][files]") {
    const folder f;
    const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
    setenv("DRAINLAB_LAB_CACHE", (f / "own").c_str(), 1);
    setenv("XDG_CACHE_HOME", (f / "xdg").c_str(), 1);
    setenv("HOME", (f / "home").c_str(), 1);
    CHECK(cache_dir().value() == f / "own");
    CHECK(fs::is_directory(f / "own"));
    unsetenv("DRAINLAB_LAB_CACHE");
    CHECK(cache_dir().value() == f / "xdg/drainlab/lab");
    unsetenv("XDG_CACHE_HOME");
    CHECK(cache_dir().value() == f / "home/.cache/drainlab/lab");
    unsetenv("HOME");
    CHECK(cache_dir().error().code == "no_cache");
    REQUIRE(write_file(f / "file", "text"));
    setenv("DRAINLAB_LAB_CACHE", (f / "file/cache").c_str(), 1);
    CHECK(cache_dir().error().message.find("cannot be written to") != std::string::npos);
    unsetenv("DRAINLAB_LAB_CACHE");
    if (!home.empty()) setenv("HOME", home.c_str(), 1);
}

TEST_CASE("a private folder goes with all that is in it", "[lab][files]") {
    std::string path;
    {
        auto made = temporary_dir::make();
        REQUIRE(made);
        const temporary_dir dir = std::move(made.value());
        path = dir.path();
        CHECK(write_file(path + "/a", "text"));
    }
    CHECK_FALSE(fs::exists(path));
}
