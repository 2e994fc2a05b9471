// What goes with a daemon whose starter was killed, and what never does.
#include "fusefs/control/own_directory.hpp"

#include "fusefs/control/state_file.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace drainlab;
using control::leave_own_directory;

namespace {

struct place : tests::own_folder {
    os::process_identity gone = os::this_process();

    place() {
        ++gone.start_time;  // of another process that had our pid
        for (const char* name : {"d.log", "lock"}) std::ofstream(dir + "/" + name) << "x";
        fs::create_directories(dir + "/mnt");
    }
    void leave(const os::process_identity& maker) const {
        leave_own_directory({dir, maker}, dir + "/d.sock", dir + "/d.log");
    }
};

}  // namespace

TEST_CASE("a directory whose maker is gone goes: log, lock, empty directories", "[own_directory]") {
    const place p;
    p.leave(p.gone);
    CHECK(!fs::exists(p.dir));
}

TEST_CASE("a maker that lives removes its directory itself", "[own_directory]") {
    const place p;
    p.leave(os::this_process());
    CHECK(fs::exists(p.dir + "/d.log"));
    CHECK(fs::exists(p.dir + "/mnt"));
}

TEST_CASE("nothing goes that is somebody's data", "[own_directory]") {
    const place p;
    fs::create_directories(p.dir + "/mnt/deep");
    std::ofstream(p.dir + "/mnt/deep/data") << "precious";
    std::ofstream(p.dir + "/data") << "precious";
    p.leave(p.gone);
    CHECK(fs::exists(p.dir + "/mnt/deep/data"));
    CHECK(fs::exists(p.dir + "/data"));
    CHECK(!fs::exists(p.dir + "/lock"));
}

TEST_CASE("all of it stays while there is a record for `drainctl clean`, and where others may write",
          "[own_directory]") {
    const place p;
    const std::string record = control::state_path(p.dir + "/d.sock");
    std::ofstream(record) << "{}";
    p.leave(p.gone);
    CHECK(fs::exists(p.dir + "/d.log"));
    fs::remove(record);
    REQUIRE(chmod(p.dir.c_str(), 0777) == 0);
    p.leave(p.gone);
    CHECK(fs::exists(p.dir + "/d.log"));
}
