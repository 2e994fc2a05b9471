#include "controller/machine/mountinfo.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <unistd.h>

using namespace drainlab::machine;

TEST_CASE("a path is made absolute through links and dots", "[mountinfo]") {
    namespace fs = std::filesystem;
    const drainlab::tests::own_folder own;
    const std::string& dir = own.dir;
    fs::create_directory(dir + "/real");
    fs::create_symlink("real", dir + "/link");
    fs::create_symlink("loop", dir + "/loop");
    const std::string real = fs::canonical(dir).string() + "/real";
    CHECK(absolute_path(dir + "/link") == real);
    CHECK(absolute_path(dir + "/link/") == real);
    CHECK(absolute_path(dir + "/real/../link/.") == real);
    CHECK(absolute_path(dir + "/real/missing") == real + "/missing");
    CHECK(absolute_path(dir + "/loop") == fs::canonical(dir).string() + "/loop");
    CHECK(absolute_path("/") == "/");
}
