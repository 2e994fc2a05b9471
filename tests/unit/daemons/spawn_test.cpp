#include "controller/daemons/spawn.hpp"

#include "tests/program_file.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::daemons;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

/// A daemon of a few lines: a shell script.
struct fake_daemon {
    folder f;
    std::string program = f / "drainfs", log = f / "log";
    explicit fake_daemon(const std::string& does) { tests::write_program(program, "#!/bin/sh\n" + does + "\n"); }
    result<void> start(std::chrono::milliseconds limit = 30s, bool background = false) {
        auto s = spawn_daemon({{program, "--socket", "here"}, log, background, -1});
        REQUIRE(s);
        auto said = await_ready(std::move(s.value().ready), log, limit);
        process = std::move(s.value().process);
        return said;
    }
    machine::child process;
};

}  // namespace

TEST_CASE("a daemon that says ready is one, with its options and nothing of ours", "[spawn]") {
    setenv("DRAINLAB_POLICY", "base", 1);
    fake_daemon d{"echo \"$@\"; pwd; env; ls /proc/self/fd; echo ready >&3"};
    CHECK(d.start());
    unsetenv("DRAINLAB_POLICY");
    d.process.wait(30s);
    const auto said = text_of(d.log);
    CHECK(said.starts_with("--socket here --ready-fd 3\n/\n"));
    CHECK(said.find("LC_ALL=C\n") != std::string::npos);
    CHECK(said.find("DRAINLAB_POLICY") == std::string::npos);  // it speaks to drainctl
    CHECK(said.ends_with("0\n1\n2\n3\n4\n"));                  // 4 is what ls itself opened
    struct stat s {};
    REQUIRE(stat(d.log.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0600);
}

TEST_CASE("a daemon in the background is nobody's child of ours and is ready all the same", "[spawn]") {
    fake_daemon d{"echo ready >&3"};
    CHECK(d.start(30s, true));
}

TEST_CASE("what a daemon says instead of ready is what the user reads, with an exit code that fits", "[spawn]") {
    const auto failed = [](const std::string& does) {
        fake_daemon d{does};
        const auto out = d.start();
        REQUIRE_FALSE(out);
        CHECK(out.error().message.starts_with("drainfs did not start: "));
        return out.error();
    };
    auto why =
        failed(R"(echo '{"error":{"code":"unknown_profile","message":"no such profile","hint":"try zero"}}' >&3)");
    CHECK(why.exit == exit_code::usage);
    CHECK(why.message.ends_with("no such profile"));
    CHECK(why.hint == "try zero");
    why = failed(R"(echo '{"error":{"code":"denied","message":"no /dev/fuse"}}' >&3)");
    CHECK(why.exit == exit_code::cannot_run);
    CHECK(why.hint.find("its log is ") == 0);
    why = failed(R"(echo '{"error":{"code":"failed","message":"it broke","exit":16}}' >&3)");
    CHECK(why.exit == exit_code::busy);
    why = failed("echo first; echo last words; exit 1");
    CHECK(why.exit == exit_code::broken);
    CHECK(why.message.ends_with("last words"));
    why = failed("echo 'not JSON' >&3");
    CHECK(why.message.ends_with("not JSON"));
    why = failed("exit 0");
    CHECK(why.message.ends_with("it said nothing"));
}

TEST_CASE("a daemon that says nothing in time is given up, exit 124", "[spawn]") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const os::unique_fd open_end{ends[1]};
    const auto out = await_ready(os::unique_fd{ends[0]}, "/its/log", 0ms);
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == exit_code::timed_out);
    CHECK(out.error().hint == "its log is /its/log");
}

TEST_CASE("a log that is a symbolic link is not followed", "[spawn]") {
    folder f;
    std::ofstream(f / "others") << "text";
    fs::create_symlink(f / "others", f / "log");
    const auto out = spawn_daemon({{"/bin/true"}, f / "log", false, -1});
    REQUIRE_FALSE(out);
    CHECK(out.error().message.find(f / "log") != std::string::npos);
    CHECK(text_of(f / "others") == "text");
}

TEST_CASE("a program that is not there is told at once", "[spawn]") {
    folder f;
    auto out = spawn_daemon({{f / "no-such-daemon"}, f / "log", false, -1});
    if (!out) return;  // the kernel said so
    const auto said = await_ready(std::move(out.value().ready), f / "log", 30s);
    CHECK_FALSE(said);  // the child did
}
