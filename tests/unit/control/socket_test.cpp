// Where a daemon listens: what stands in its way, and what of a dead one does not.
#include "fusefs/control/socket.hpp"

#include "fusefs/control/leftovers.hpp"
#include "fusefs/control/state_file.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::control;
namespace fs = std::filesystem;

namespace {

using directory = tests::own_folder;

}  // namespace

TEST_CASE("a socket is ours alone, answers, and goes with its lock and its record", "[socket]") {
    const directory d;
    const auto path = d.dir + "/d.sock";
    auto here = open_control_socket(path);
    REQUIRE(here.error == "");
    struct stat st {};
    REQUIRE(stat(path.c_str(), &st) == 0);
    CHECK((st.st_mode & 0777) == 0600);
    CHECK(answers_on(path));
    CHECK(fs::exists(life_path(path)));
    std::ofstream{state_path(path)} << "{}";
    remove_control_socket(here.dir.get(), path, true);
    CHECK(fs::exists(state_path(path)));  // what is left has to be found
    remove_control_socket(here.dir.get(), path);
    CHECK(fs::is_empty(d.dir));
    close(here.fd);
}

TEST_CASE("where a daemon answers already, there is no second one", "[socket]") {
    const directory d;
    const auto path = d.dir + "/d.sock";
    const auto first = open_control_socket(path);
    const auto second = open_control_socket(path);
    CHECK(second.fd < 0);
    CHECK(second.in_use);
    CHECK(second.error == "a daemon answers on " + path + " already");
    close(first.fd);
}

TEST_CASE("a socket that a dead daemon left is taken over, and its record with it", "[socket]") {
    const directory d;
    const auto path = d.dir + "/d.sock";
    close(open_control_socket(path).fd);
    CHECK_FALSE(answers_on(path));
    std::ofstream{state_path(path)} << "no record at all";  // not believed, and in nobody's way
    const auto next = open_control_socket(path);
    CHECK(next.error == "");
    CHECK(answers_on(path));
    close(next.fd);
}

TEST_CASE("what cannot be a socket is named", "[socket]") {
    const directory d;
    const auto why = [](const std::string& path) {
        const auto s = open_control_socket(path);
        CHECK(s.fd < 0);
        CHECK_FALSE(s.in_use);
        return s.error;
    };
    CHECK(why("d.sock").find("must be an absolute path") != std::string::npos);
    CHECK(why("").find("must be an absolute path") != std::string::npos);
    CHECK(why("/" + std::string(200, 'x')).find("is longer than 107 bytes") != std::string::npos);
    CHECK(why(d.dir + "/none/d.sock").find("cannot open the directory") != std::string::npos);
    std::ofstream{d.dir + "/file"} << "precious";
    CHECK(why(d.dir + "/file").find("is not a socket") != std::string::npos);
    CHECK(fs::file_size(d.dir + "/file") == 8);
}
