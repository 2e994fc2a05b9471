// A /proc of a test, in which processes hold what it likes.
#pragma once
#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace drainlab {

/// A /proc of our own: the device looked for is that of the real /proc, so that links can lead there.
struct fake_proc : tests::own_folder {
    machine::target what;

    fake_proc() {
        struct stat s {};
        REQUIRE(stat("/proc", &s) == 0);
        what = {major(s.st_dev), minor(s.st_dev), "/held"};
        write("self/mountinfo", "1 0 9:9 / / rw - ext4 root rw\n");
        link("self/ns/mnt", "mnt:[100]");
    }

    void write(const std::string& path, const std::string& text) {
        std::filesystem::create_directories(std::filesystem::path(dir + "/" + path).parent_path());
        std::ofstream(dir + "/" + path) << text;
    }
    void link(const std::string& path, const std::string& to) {
        std::filesystem::create_directories(std::filesystem::path(dir + "/" + path).parent_path());
        std::filesystem::create_symlink(to, dir + "/" + path);
    }
    /// A process that holds nothing.
    void process(const std::string& pid, const std::string& comm, const std::string& ns = "mnt:[100]") {
        write(pid + "/comm", comm + "\n");
        write(pid + "/maps", "");
        link(pid + "/cwd", "/");
        link(pid + "/root", "/");
        link(pid + "/ns/mnt", ns);
        std::filesystem::create_directories(dir + "/" + pid + "/fd");
    }
    std::string device() const { return std::to_string(what.major) + ":" + std::to_string(what.minor); }
    machine::holders_found find() const { return machine::find_holders(what, dir, dir + "/sys"); }
};

}  // namespace drainlab
