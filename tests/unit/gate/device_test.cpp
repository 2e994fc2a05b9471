#include "fusefs/gate/device.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::gate;

TEST_CASE("a device number is written as ustat(2) wants it", "[gate]") {
    CHECK(kernel_device(0, 45) == 45);           // an anonymous superblock
    CHECK(kernel_device(8, 1) == 0x801);         // sda1: the old 16-bit form is kept
    CHECK(kernel_device(0, 0x1ff) == 0x1000ff);  // a minor above 255 spills over the major
    CHECK(kernel_device(0, 1048575) == 0xfff000ff);
    CHECK(kernel_device(259, 7) == ((259u << 8) | 7));
    CHECK(kernel_device(makedev(0, 300)) == kernel_device(0, 300));
}

TEST_CASE("MAJ:MIN is read and written", "[gate]") {
    CHECK(device_text(makedev(0, 45)) == "0:45");
    CHECK(parse_device("0:45") == makedev(0, 45));
    CHECK(parse_device("259:1048575") == makedev(259, 1048575));
    for (const char* wrong : {"", "0", "0:", ":4", "0:4x", "a:4", "0-4", "-1:4"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_device(wrong).has_value());
    }
}
