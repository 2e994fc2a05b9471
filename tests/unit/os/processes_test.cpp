#include "fusefs/os/processes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <unistd.h>

using namespace drainlab::os;
namespace fs = std::filesystem;

TEST_CASE("we are among the processes, and so is our parent", "[processes]") {
    const auto all = processes();
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(std::count(all.begin(), all.end(), getpid()) == 1);
}

TEST_CASE("only what is a number all through is a process", "[processes]") {
    auto dir = (fs::temp_directory_path() / "drainlab-proc-XXXXXX").string();
    REQUIRE(mkdtemp(dir.data()));
    for (const char* name : {"12", "7", "self", "1a", "-3", "0", "99999999999999", "net"})
        fs::create_directory(dir + "/" + name);
    CHECK(processes(dir) == std::vector<pid_t>{7, 12});
    fs::remove_all(dir);
    CHECK(processes(dir).empty());
}
