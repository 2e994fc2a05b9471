// Which mount a word means.
#include "controller/cli/which_mount.hpp"

#include <catch2/catch.hpp>

using drainlab::cli::which_mount;
using drainlab::cli::which_place;
using nlohmann::json;

namespace {

json mount(int id, const char* name, const char* dir, const char* dev, const char* state) {
    return {{"id", id}, {"name", name}, {"dir", dir}, {"dev", dev}, {"state", state}};
}

int id_of(const json& mounts, const std::string& word) {
    const auto found = which_mount(mounts, word);
    return found ? found.value()["id"].get<int>() : 0;
}

}  // namespace

TEST_CASE("a mount is meant by directory, name, id or device, in this order", "[which]") {
    const json mounts = {mount(1, "a", "/mnt/a", "0:51", "live"), mount(2, "1", "/mnt/b", "0:52", "live"),
                         mount(3, "0:51", "/mnt/c", "0:53", "detached")};
    CHECK(id_of(mounts, "/mnt/b") == 2);
    CHECK(id_of(mounts, "/mnt/../mnt/b/") == 2);
    CHECK(id_of(mounts, "a") == 1);
    CHECK(id_of(mounts, "1") == 2);
    CHECK(id_of(mounts, "id:1") == 1);
    CHECK(id_of(mounts, "3") == 3);
    CHECK(id_of(mounts, "0:51") == 3);
    CHECK(id_of(mounts, "dev:0:51") == 1);
    CHECK(id_of(mounts, "name:a") == 1);
    CHECK(id_of(mounts, "dir:/mnt/a") == 1);
}

TEST_CASE("a name of any bytes is meant as it is, and as it is spelled", "[which]") {
    const json mounts = {mount(1, "n\\xff", "/mnt/a\\x0ab", "0:51", "live")};
    CHECK(id_of(mounts, "/mnt/a\nb") == 1);
    CHECK(id_of(mounts, "n\xff") == 1);
    CHECK(id_of(mounts, "name:n\\xff") == 1);
}

TEST_CASE("a path is a place, whatever the daemon says", "[which]") {
    CHECK(which_place("/nonexistent/place", "/nonexistent.sock").value() == "/nonexistent/place");
    CHECK(which_place("dir:/", "/nonexistent.sock").value() == "/");
    CHECK(which_place("tests-of-no-mount", "/nonexistent.sock").value().ends_with("/tests-of-no-mount"));
    CHECK_FALSE(which_place("id:7", "/nonexistent.sock"));
}

TEST_CASE("of several mounts the living one is meant, else the newest", "[which]") {
    json mounts = {mount(1, "a", "/mnt/a", "0:51", "gone"), mount(2, "a", "/mnt/a", "0:51", "dying"),
                   mount(3, "b", "/mnt/a", "0:51", "gone")};
    CHECK(id_of(mounts, "/mnt/a") == 2);
    mounts[1]["state"] = "gone";
    CHECK(id_of(mounts, "/mnt/a") == 3);
    CHECK(id_of(mounts, "a") == 2);
}

TEST_CASE("a word that means no mount is refused with those that there are", "[which]") {
    const auto none = which_mount(json::array({mount(1, "a", "/mnt/a", "0:51", "live")}), "id:a");
    REQUIRE(!none);
    CHECK(none.error().message == "there is no mount id:a");
    CHECK(none.error().hint == "there are: a on /mnt/a");
}
