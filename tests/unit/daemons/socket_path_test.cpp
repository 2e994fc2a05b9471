#include "controller/daemons/launch.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace drainlab::daemons;
namespace fs = std::filesystem;

namespace {

/// A fresh directory, and XDG_RUNTIME_DIR pointing to it.
struct runtime_dir : drainlab::tests::own_folder {
    std::string before;

    runtime_dir() {
        if (const char* value = getenv("XDG_RUNTIME_DIR")) before = value;
        setenv("XDG_RUNTIME_DIR", dir.c_str(), 1);
    }
    ~runtime_dir() {
        if (before.empty())
            unsetenv("XDG_RUNTIME_DIR");
        else
            setenv("XDG_RUNTIME_DIR", before.c_str(), 1);
    }
};

std::string own_namespace() {
    struct stat s {};
    REQUIRE(stat("/proc/self/ns/mnt", &s) == 0);
    return std::to_string(s.st_ino);
}

}  // namespace

TEST_CASE("the default socket lies in the runtime directory and bears the mount namespace", "[socket]") {
    runtime_dir runtime;
    const auto path = socket_path("");
    REQUIRE(path);
    CHECK(path.value() == runtime.dir + "/drainlab/" + own_namespace() + ".sock");
    struct stat s {};
    REQUIRE(stat((runtime.dir + "/drainlab").c_str(), &s) == 0);
    CHECK((s.st_mode & 07777) == 0700);
    CHECK(log_beside(path.value()) == runtime.dir + "/drainlab/" + own_namespace() + ".log");
    CHECK(state_beside("/x/y") == "/x/y.state");
}

TEST_CASE("a runtime directory that is not there is passed over", "[socket]") {
    runtime_dir runtime;
    setenv("XDG_RUNTIME_DIR", "/nonexistent/drainlab", 1);
    const auto path = socket_path("");
    REQUIRE(path);
    CHECK(path.value().find("/nonexistent") == std::string::npos);
    CHECK(path.value().ends_with(own_namespace() + ".sock"));
}

TEST_CASE("a directory that others may enter is not trusted", "[socket]") {
    runtime_dir runtime;
    fs::create_directory(runtime.dir + "/drainlab");
    fs::permissions(runtime.dir + "/drainlab", fs::perms(0755));
    const auto path = socket_path("");
    REQUIRE_FALSE(path);
    CHECK(path.error().exit == exit_code::usage);
    CHECK(path.error().message.find("open to others (mode 0755") != std::string::npos);
}

TEST_CASE("a link in place of the directory is not trusted", "[socket]") {
    runtime_dir runtime;
    fs::create_directory(runtime.dir + "/elsewhere");
    fs::create_symlink("elsewhere", runtime.dir + "/drainlab");
    const auto path = socket_path("");
    REQUIRE_FALSE(path);
    CHECK(path.error().message.find("not a directory") != std::string::npos);
}

TEST_CASE("a directory of another user is not trusted", "[socket]") {
    if (geteuid() != 0) return;  // only root can make one
    runtime_dir runtime;
    fs::create_directory(runtime.dir + "/drainlab");
    fs::permissions(runtime.dir + "/drainlab", fs::perms(0700));
    REQUIRE(chown((runtime.dir + "/drainlab").c_str(), 12345, 12345) == 0);
    const auto path = socket_path("");
    REQUIRE_FALSE(path);
    CHECK(path.error().message.find("belongs to uid 12345") != std::string::npos);
}

TEST_CASE("a given path is made absolute and looked at", "[socket]") {
    runtime_dir runtime;
    fs::create_directory(runtime.dir + "/a");
    const auto across = socket_path(runtime.dir + "/a/../x.sock");
    REQUIRE(across);
    CHECK(across.value() == runtime.dir + "/x.sock");

    for (const auto* where : {"/missing/x.sock", "/missing/../x.sock"}) {  // as open(2) would have it
        const auto nowhere = socket_path(runtime.dir + where);
        REQUIRE_FALSE(nowhere);
        CHECK(nowhere.error().message.find("there is no directory") != std::string::npos);
    }

    std::ofstream(runtime.dir + "/plain") << "x";
    const auto plain = socket_path(runtime.dir + "/plain");
    REQUIRE_FALSE(plain);
    CHECK(plain.error().message.find("exists and is not a socket") != std::string::npos);

    const auto longer = socket_path(runtime.dir + "/" + std::string(120, 'x'));
    REQUIRE_FALSE(longer);
    CHECK(longer.error().message.find("longer than the 107 bytes") != std::string::npos);
    CHECK(longer.error().exit == exit_code::usage);
}

TEST_CASE("a private directory is removed with its files, but never a tree", "[socket]") {
    runtime_dir runtime;
    const auto dir = private_directory("private");
    REQUIRE(dir);
    CHECK(dir.value().find("/private-" + std::to_string(getpid()) + "-") != std::string::npos);
    std::ofstream(dir.value() + "/x.log") << "x";
    fs::create_directories(dir.value() + "/mnt/precious");
    CHECK_FALSE(remove_private_directory(dir.value()));
    CHECK(fs::exists(dir.value() + "/mnt/precious"));
    CHECK_FALSE(fs::exists(dir.value() + "/x.log"));
    fs::remove(dir.value() + "/mnt/precious");
    CHECK(remove_private_directory(dir.value()));
    CHECK_FALSE(fs::exists(dir.value()));
}
