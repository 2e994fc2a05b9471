// Files to hold where one may not write: what is there already will do.
#include "controller/hold/take.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>

using namespace drainlab;
using namespace drainlab::hold;
namespace fs = std::filesystem;

TEST_CASE("a file to hold has no name and is larger than a page", "[hold]") {
    const tests::own_folder f;
    std::string step;
    const auto made = some_file(f.dir, step);
    REQUIRE(made);
    CHECK(step.empty());
    CHECK(fs::is_empty(f.dir));
    struct stat s {};
    REQUIRE(fstat(made.get(), &s) == 0);
    CHECK(s.st_size == 65'536);
    CHECK((fcntl(made.get(), F_GETFL) & O_ACCMODE) == O_RDWR);
}

TEST_CASE("where none can be made one that is there is read", "[hold]") {
    std::string step;
    const auto there = some_file("/proc/self", step);  // nobody makes a file there
    REQUIRE(there);
    CHECK(step.empty());
    CHECK((fcntl(there.get(), F_GETFL) & O_ACCMODE) == O_RDONLY);
    CHECK_FALSE(some_file("/proc/self/fd", step));  // links only
    CHECK(step == "make a file in /proc/self/fd (and it has none to read)");
    CHECK(errno != 0);
}

TEST_CASE("the first entry of a type is one that anybody sees", "[hold]") {
    const tests::own_folder f;
    CHECK(first_entry(f / "missing", DT_REG).empty());
    CHECK(first_entry(f.dir, DT_REG).empty());
    std::ofstream{f / ".hidden"} << "x";
    fs::create_directory(f / "d");
    CHECK(first_entry(f.dir, DT_REG).empty());
    std::ofstream{f / "file"} << "x";
    CHECK(first_entry(f.dir, DT_REG) == f / "file");
    CHECK(first_entry(f.dir, DT_DIR) == f / "d");
}

TEST_CASE("a holder that could not be started is no holder", "[hold]") {
    traces left;
    std::string step;
    CHECK(take_by(left, step, machine::failure{"failed", "no more processes", {}, machine::exit_code::cannot_run, 0}) ==
          EAGAIN);
    CHECK(step == "no more processes");
    CHECK(left.holder_child == 0);
    CHECK_FALSE(left.process);
}
