#include "fusefs/os/processes.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fcntl.h>
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
    const drainlab::tests::own_folder own;
    const std::string& dir = own.dir;
    for (const char* name : {"12", "7", "self", "1a", "-3", "0", "99999999999999", "net"})
        fs::create_directory(dir + "/" + name);
    CHECK(processes(dir) == std::vector<pid_t>{7, 12});
    fs::remove_all(dir);
    CHECK(processes(dir).empty());
}

TEST_CASE("the threads and descriptors of a process", "[processes]") {
    const std::string self = "/proc/self";
    const auto tasks = threads_of(self);
    CHECK(std::count(tasks.begin(), tasks.end(), getpid()) == 1);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const auto all = descriptors_of(self);
    for (const int fd : {0, ends[0], ends[1]})
        CHECK(std::count(all.begin(), all.end(), fd) == (fcntl(fd, F_GETFD) == -1 ? 0 : 1));
    close(ends[0]);
    close(ends[1]);
    CHECK(threads_of("/proc/0").empty());
    CHECK(descriptors_of("/proc/0").empty());
}
