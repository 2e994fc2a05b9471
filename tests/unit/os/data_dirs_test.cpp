#include "fusefs/os/data_dirs.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using drainlab::os::data_dirs;
using paths = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

/// A source tree with a build in it, below a folder of its own; no DRAINLAB_DATA_DIR meanwhile.
struct tree : drainlab::tests::own_folder {
    const std::string& top = dir;
    std::string given = std::getenv("DRAINLAB_DATA_DIR") ? std::getenv("DRAINLAB_DATA_DIR") : "";
    tree() {
        fs::create_directories(top + "/src/build/dev/bin");
        fs::create_directories(top + "/src/workloads");
        std::ofstream(program()) << "program\n";
        unsetenv("DRAINLAB_DATA_DIR");
    }
    ~tree() {
        if (!given.empty()) setenv("DRAINLAB_DATA_DIR", given.c_str(), 1);
    }
    std::string program() const { return top + "/src/build/dev/bin/drainctl"; }
};

}  // namespace

TEST_CASE("an installation comes first, the copy of the build last", "[data_dirs]") {
    const tree t;
    const auto dirs = data_dirs({"/opt/x/bin/drainctl", "/sources", "../.."});
    CHECK(dirs == paths{"/opt/x/share/drainlab", "/sources/workloads", "/opt/x/data"});
}

TEST_CASE("in its sources a build tree looks there, once", "[data_dirs]") {
    const tree t;
    const auto dirs = data_dirs({t.program(), t.top + "/src", "../.."});
    CHECK(dirs ==
          paths{t.top + "/src/build/dev/share/drainlab", t.top + "/src/workloads", t.top + "/src/build/dev/data"});
}

TEST_CASE("moved together with its sources it finds those before the old place", "[data_dirs]") {
    const tree t;
    const auto dirs = data_dirs({t.program(), "/old/place", "../.."});
    CHECK(dirs == paths{t.top + "/src/build/dev/share/drainlab", t.top + "/src/workloads", "/old/place/workloads",
                        t.top + "/src/build/dev/data"});
}

TEST_CASE("a folder that another user put above the program is not ours", "[data_dirs]") {
    const tree t;
    if (geteuid() != 0) return;  // only root makes files of others
    REQUIRE(chown((t.top + "/src/workloads").c_str(), 12345, 12345) == 0);
    const auto dirs = data_dirs({t.program(), "/old/place", "../.."});
    CHECK(dirs ==
          paths{t.top + "/src/build/dev/share/drainlab", "/old/place/workloads", t.top + "/src/build/dev/data"});
}

TEST_CASE("DRAINLAB_DATA_DIR is the only one when it is set", "[data_dirs]") {
    const tree t;
    setenv("DRAINLAB_DATA_DIR", "/mine", 1);
    const auto dirs = data_dirs({t.program(), t.top + "/src", "../.."});
    unsetenv("DRAINLAB_DATA_DIR");
    CHECK(dirs == paths{"/mine"});
}
