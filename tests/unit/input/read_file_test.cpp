#include "fusefs/input/read_file.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <fstream>

using namespace drainlab::input;

namespace {

struct folder : drainlab::tests::own_folder {
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream{*this / name} << text;
        return *this / name;
    }
};

}  // namespace

TEST_CASE("a regular file is read whole, up to its limit", "[input]") {
    const folder d;
    CHECK(read_file(d.file("a", "text"), 4).text == "text");
    CHECK(read_file(d.file("none", ""), 0).text == "");
    const auto large = read_file(d.file("large", std::string(mebibyte + 1, 'x')), mebibyte);
    CHECK_FALSE(large.text);
    CHECK(large.err == EFBIG);
    CHECK(large.error.find("larger than 1 MiB") != std::string::npos);
}

TEST_CASE("what is no regular file is refused by its kind, without waiting", "[input]") {
    const folder d;
    const std::string pipe = d / "pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(read_file(pipe, 10).error == pipe + ": is a pipe; a regular file is expected");
    CHECK(read_file("/dev/zero", 10).error == "/dev/zero: is a device; a regular file is expected");
    CHECK(read_file(d.dir, 10).error == d.dir + ": is a directory; a regular file is expected");
}

TEST_CASE("what cannot be opened says why", "[input]") {
    const folder d;
    const auto missing = read_file(d / "missing", 10);
    CHECK(missing.err == ENOENT);
    CHECK(missing.error == d / "missing" + ": cannot be read: No such file or directory");
    CHECK(read_file(std::string("a\0b", 3), 10).err == EINVAL);
}

TEST_CASE("a file of /proc, whose size is said to be 0, is read", "[input]") {
    CHECK(read_file("/proc/self/status", mebibyte).text.value_or("").find("Name:") == 0);
}
