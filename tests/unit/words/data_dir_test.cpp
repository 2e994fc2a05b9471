#include "controller/words/data_dir.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace drainlab::words;
namespace fs = std::filesystem;

namespace {

struct own_data : drainlab::tests::own_folder {
    own_data() {
        fs::create_directory(dir + "/profiles");
        for (const char* name : {"zero", "big-vm"}) std::ofstream(dir + "/profiles/" + name + ".toml") << "hz = 250\n";
        std::ofstream(dir + "/profiles/README") << "not a profile\n";
        setenv("DRAINLAB_DATA_DIR", dir.c_str(), 1);
    }
    ~own_data() { unsetenv("DRAINLAB_DATA_DIR"); }
};

}  // namespace

TEST_CASE("names are those of the .toml files, sorted", "[data]") {
    own_data data;
    CHECK(data_names("profiles").value() == std::vector<std::string>{"big-vm", "zero"});
    CHECK(data_names("scenarios").value().empty());
}

TEST_CASE("a name or a file is found, another word gets a suggestion", "[data]") {
    own_data data;
    CHECK(data_file("profiles", "zero").value() == data.dir + "/profiles/zero.toml");
    CHECK(data_file("profiles", data.dir + "/profiles/zero.toml").value() == data.dir + "/profiles/zero.toml");
    const auto near = data_file("profiles", "zeor");
    REQUIRE_FALSE(near);
    CHECK(near.error().exit == exit_code::usage);
    CHECK(near.error().hint == "did you mean \"zero\"?");
    CHECK(data_file("profiles", "nothing-like-it").error().hint == "one of: big-vm, zero");
    CHECK(data_file("profiles", "/nonexistent.toml").error().message.find("/nonexistent.toml") == 0);
}

TEST_CASE("a data directory that holds none is refused by name", "[data]") {
    setenv("DRAINLAB_DATA_DIR", "/proc", 1);
    const auto dir = data_dir();
    unsetenv("DRAINLAB_DATA_DIR");
    REQUIRE_FALSE(dir);
    CHECK(dir.error().message.find("DRAINLAB_DATA_DIR=/proc") == 0);
    CHECK(data_dir().has_value());  // the source tree we were built from
}
