#include "fusefs/os/own_file.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <unistd.h>

using namespace drainlab::os;

namespace {

struct folder : drainlab::tests::own_folder {
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(*this / name) << text;
        return *this / name;
    }
};

}  // namespace

TEST_CASE("a file of ours is read", "[own_file]") {
    const folder f;
    std::string why;
    CHECK(read_own_file(f.write("x", "text"), 100, why) == "text");
    CHECK(read_own_file(f.write("x", "text"), 4, why) == "text");
    CHECK_FALSE(read_own_file(f / "x", 3, why));
    CHECK(why.find("larger than 3 bytes") != std::string::npos);
    CHECK_FALSE(read_own_file(f / "none", 100, why));
    CHECK(why.empty());
    CHECK(why_not_ours(f / "none").empty());
}

TEST_CASE("what somebody else may have written is not believed", "[own_file]") {
    const folder f;
    const auto file = f.write("x", "text");
    std::string why;
    SECTION("others may write it") { chmod(file.c_str(), 0666); }
    SECTION("its group may write it") { chmod(file.c_str(), 0660); }
    SECTION("it has a second name") { REQUIRE(link(file.c_str(), (f / "y").c_str()) == 0); }
    SECTION("anybody may replace it") { chmod(f.dir.c_str(), 0777); }
    SECTION("it is a symbolic link") {
        rename(file.c_str(), (f / "y").c_str());
        REQUIRE(symlink("y", file.c_str()) == 0);
    }
    SECTION("it is no file") {
        unlink(file.c_str());
        REQUIRE(mkfifo(file.c_str(), 0600) == 0);  // does not wait for a writer either
    }
    SECTION("it belongs to somebody else") {
        if (geteuid() != 0) return;
        chmod(f.dir.c_str(), 01777);
        REQUIRE(chown(file.c_str(), 1234, 0) == 0);
    }
    SECTION("its directory belongs to somebody else") {
        if (geteuid() != 0) return;
        REQUIRE(chown(f.dir.c_str(), 1234, 0) == 0);
    }
    CHECK_FALSE(read_own_file(file, 100, why));
    CHECK_FALSE(why.empty());
    CHECK_FALSE(why_not_ours(file).empty());
}

TEST_CASE("in a sticky directory our own files are ours", "[own_file]") {
    const folder f;
    chmod(f.dir.c_str(), 01777);
    std::string why;
    CHECK(read_own_file(f.write("x", "text"), 100, why) == "text");
}

TEST_CASE("a lock says that its holder lives", "[own_file]") {
    const folder f;
    const auto path = f / "lock";
    CHECK_FALSE(is_locked(path).has_value());
    {
        const auto lock = life_lock::take(path);
        REQUIRE(lock);
        CHECK(is_locked(path) == true);  // and looking does not end it
        CHECK(is_locked(path) == true);
        CHECK_FALSE(life_lock::take(path));
    }
    CHECK(is_locked(path) == false);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const auto lock = life_lock::take(path);
        [[maybe_unused]] const auto n = write(ends[1], lock ? "y" : "n", 1);
        for (;;) pause();
    }
    char c = 0;
    REQUIRE(read(ends[0], &c, 1) == 1);
    CHECK(c == 'y');
    CHECK(is_locked(path) == true);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK(is_locked(path) == false);
    close(ends[0]);
    close(ends[1]);
}
