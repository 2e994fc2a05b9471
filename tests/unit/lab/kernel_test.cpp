#include "controller/lab/kernel.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace drainlab::lab;
using drainlab::tests::own_folder;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& file, const std::string& text = "x") {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("values of a kernel's configuration", "[lab][kernel]") {
    const std::string text =
        "CONFIG_HZ=250\n# CONFIG_HZ_1000 is not set\nCONFIG_EXT4_FS=m\nCONFIG_EXT4_FS_SECURITY=y\n";
    CHECK(config_value(text, "HZ") == "250");
    CHECK(config_value(text, "HZ_1000") == "n");
    CHECK(config_value(text, "EXT4_FS") == "m");
    CHECK(config_value(text, "BLK_DEV_RAM") == "n");
}

TEST_CASE("a bzImage in a build tree is found with its configuration and modules", "[lab][kernel]") {
    const own_folder f;
    const fs::path tree = f / "tree";
    put(tree / "arch/x86/boot/bzImage");
    put(tree / ".config", "CONFIG_HZ=1000\n");
    put(tree / "drivers/block/brd.ko");
    put(tree / "drivers/block/unrelated.ko");
    const auto k = find_kernel("after=" + (tree / "arch/x86/boot/bzImage").string(), f.dir);
    REQUIRE(k);
    CHECK(k.value().label == "after");
    CHECK(k.value().config == (tree / ".config").string());
    CHECK(k.value().modules == std::vector<std::string>{(tree / "drivers/block/brd.ko").string()});
}

TEST_CASE("a lone bzImage takes the modules folder beside it", "[lab][kernel]") {
    const own_folder f;
    const fs::path dir = f.dir;
    put(dir / "bzImage");
    put(dir / "modules/ext4.ko");
    const auto k = find_kernel((dir / "bzImage").string(), dir.string());
    REQUIRE(k);
    CHECK(k.value().label.empty());
    CHECK(k.value().config.empty());
    CHECK(k.value().modules.size() == 1);
}

TEST_CASE("a label may be a version; a file with an equals sign in its name has none", "[lab][kernel]") {
    const own_folder f;
    const fs::path dir = f.dir;
    put(dir / "bzImage");
    put(dir / "fs=ext4");
    const auto k = find_kernel("6.12=" + (dir / "bzImage").string(), dir.string());
    REQUIRE(k);
    CHECK(k.value().label == "6.12");
    const auto before = fs::current_path();
    fs::current_path(dir);
    const auto file = find_kernel("fs=ext4", dir.string());
    fs::current_path(before);
    REQUIRE(file);
    CHECK(file.value().label.empty());
}

TEST_CASE("a package in the cache is used without any network", "[lab][kernel]") {
    const own_folder f;
    const fs::path cache = f / "cache";
    setenv("DRAINLAB_LAB_CACHE", cache.c_str(), 1);
    put(cache / "kernels/linux-binary-7.2.12+deb13-cloud-amd64/vmlinuz");
    put(cache / "kernels/linux-binary-7.2.12+deb13-cloud-amd64/modules/brd.ko");
    CHECK(find_kernel("deb:linux-binary-7.2.12+deb13-cloud-amd64", cache.string()));
    // Since 6.19 the kernel is not in linux-image any more.
    const auto k = find_kernel("x=deb:linux-image-7.2.12+deb13-cloud-amd64", cache.string());
    REQUIRE(k);
    CHECK(k.value().label == "x");
    CHECK(k.value().name == "linux-binary-7.2.12+deb13-cloud-amd64");
    const auto all = cached_kernels();
    REQUIRE(all);
    CHECK(all.value().size() == 1);
}

TEST_CASE("a word that names no kernel is refused", "[lab][kernel]") {
    for (const auto* word : {"nonsense", "/nowhere/bzImage", "deb:", "deb:a/b", "."}) {
        CAPTURE(word);
        const auto k = find_kernel(word, ".");
        REQUIRE_FALSE(k);
        CHECK(k.error().exit == drainlab::client::exit_code::usage);
        CHECK_THAT(k.error().message, Catch::Contains(word));
    }
}
