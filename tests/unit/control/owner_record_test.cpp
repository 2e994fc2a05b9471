#include "fusefs/control/owner_record.hpp"

#include "fusefs/os/unique_fd.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace drainlab;
using namespace drainlab::control;
using namespace std::chrono_literals;

namespace {

struct folder : tests::own_folder {
    folder() {
        fd.reset(::open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        REQUIRE(fd);
    }
    os::unique_fd fd;
    std::string file() const { return *this / "x.state"; }
    std::vector<std::string> names() const {
        std::string why;
        const auto s = read_state(file(), why);
        std::vector<std::string> all;
        if (s)
            for (const auto& m : s->mounts) all.push_back(m.name + (m.who ? "" : "?"));
        return all;
    }
};

daemon_state nobody() {
    daemon_state s;
    s.daemon = os::this_process();
    return s;
}

const os::mount_identity known{42, 7, 3, 1};

using all = std::vector<std::string>;

}  // namespace

TEST_CASE("What is noted is in the file before written() says so", "[record]") {
    const folder f;
    owner_record r{f.fd.get(), "x.state", nobody()};
    CHECK(r.written(20s));
    CHECK(f.names() == all{});
    r.note(2, {"/b", "b", {}});
    r.note(1, {"/a", "a", known});
    CHECK(r.written(20s));
    CHECK(f.names() == all{"a", "b?"});
    r.note(2, {"/b", "b", known});
    CHECK(r.written(20s));
    CHECK(f.names() == all{"a", "b"});
    r.forget(1);
    r.forget(9);
    CHECK(r.written(20s));
    CHECK(f.names() == all{"b"});
}

TEST_CASE("Changes are added to the file; one that is gone, and a gate, mean a new file", "[record]") {
    const folder f;
    owner_record r{f.fd.get(), "x.state", nobody()};
    REQUIRE(r.written(20s));
    const auto file = [&] {
        struct stat st {};
        REQUIRE(::stat(f.file().c_str(), &st) == 0);
        return st.st_ino;
    };
    const auto lines = [&] {
        std::ifstream in{f.file()};
        return std::count(std::istreambuf_iterator<char>{in}, {}, '\n');
    };
    const auto first = file();
    r.note(1, {"/a", "a", known});
    REQUIRE(r.written(20s));
    r.forget(1);
    r.note(2, {"/b", "b", known});
    REQUIRE(r.written(20s));
    CHECK(f.names() == all{"b"});
    CHECK(file() == first);
    CHECK(lines() >= 3);

    ::link(f.file().c_str(), (f / "kept").c_str());  // so that its number is not used again
    r.gate_is(::getpid());
    REQUIRE(r.written(20s));
    CHECK(f.names() == all{"b"});
    CHECK(file() != first);
    CHECK(lines() == 1);

    std::filesystem::remove(f.file());
    r.note(3, {"/c", "c", known});
    REQUIRE(r.written(20s));
    CHECK(f.names() == all{"b", "c"});
    for (int k = 0; k < 600; ++k) {
        r.note(4, {"/d", "d", known});
        REQUIRE(r.written(20s));
        r.forget(4);
        REQUIRE(r.written(20s));
    }
    CHECK(f.names() == all{"b", "c"});
    CHECK(lines() < 1000);
}

TEST_CASE("Changes from several threads all arrive", "[record]") {
    const folder f;
    owner_record r{f.fd.get(), "x.state", nobody()};
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t k = 0; k < 8; ++k)
            threads.emplace_back([&r, k] {
                for (std::uint32_t n = 0; n < 20; ++n) r.note(100 * k + n, {"/d", "m", known});
                for (std::uint32_t n = 1; n < 20; ++n) r.forget(100 * k + n);
            });
    }
    CHECK(r.written(20s));
    CHECK(f.names() == all(8, "m"));
}

TEST_CASE("After its end nothing is written", "[record]") {
    const folder f;
    owner_record r{f.fd.get(), "x.state", nobody()};
    bool removed = false;
    CHECK(r.close([&] { removed = ::unlinkat(f.fd.get(), "x.state", 0) == 0; }));
    CHECK((removed || !std::filesystem::exists(f.file())));
    r.note(1, {"/a", "a", known});
    CHECK(r.written(20s));
    CHECK_FALSE(std::filesystem::exists(f.file()));
}

TEST_CASE("A record that cannot be written keeps nobody waiting", "[record]") {
    const folder f;
    std::filesystem::remove_all(f.dir);
    owner_record r{f.fd.get(), "x.state", nobody()};
    r.note(1, {"/a", "a", known});
    CHECK(r.written(20s));
}
