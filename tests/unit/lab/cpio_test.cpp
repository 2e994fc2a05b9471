#include "controller/lab/cpio.hpp"

#include "controller/lab/initramfs.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::lab;

namespace {

std::string small() {
    cpio_archive a;
    a.folder("bin");
    a.file("bin/x", "hello", true);
    a.device("dev/console", 5, 1);
    a.link("etc/mtab", "/proc/self/mounts");
    return a.finish();
}

}  // namespace

TEST_CASE("an archive is the same bytes each time", "[lab][cpio]") { CHECK(small() == small()); }

TEST_CASE("an archive is made of aligned newc entries", "[lab][cpio]") {
    const auto bytes = small();
    CHECK(bytes.size() % 4 == 0);
    CHECK(bytes.substr(0, 6) == "070701");
    // The second entry: after the header of 110 bytes and the name "bin" with its zero, padded to four.
    const auto file = bytes.substr(116);
    CHECK(file.substr(0, 6) == "070701");
    CHECK(file.substr(14, 8) == "000081ED");  // mode 0100755
    CHECK(file.substr(54, 8) == "00000005");  // size
    CHECK(file.substr(94, 8) == "00000006");  // name with its zero
    CHECK(file.substr(110, 6) == std::string("bin/x\0", 6));
    CHECK(file.substr(116, 8) == std::string("hello\0\0\0", 8));
    CHECK(bytes.find("TRAILER!!!") != std::string::npos);
    CHECK(bytes.find("/proc/self/mounts") != std::string::npos);
}

TEST_CASE("only blocks that hold something are kept", "[lab][cpio]") {
    std::string image(3 * 4096, '\0');
    image[2 * 4096 + 5] = 'x';
    const auto blocks = nonzero_blocks(image);
    REQUIRE(blocks.size() == 8 + 4096);
    CHECK(blocks.substr(0, 8) == std::string("\0\x20\0\0\0\0\0\0", 8));
    CHECK(blocks[8 + 5] == 'x');
}
