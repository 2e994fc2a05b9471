#include "workloads/guest/disks.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::guest {
namespace {

constexpr std::size_t block = 4096;

std::string device(int i) { return "/dev/ram" + std::to_string(i); }

void write_image(channel& out, const std::string& image, const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) out.give_up(path + ": " + std::strerror(errno));
    for (std::size_t at = 0; at + 8 + block <= image.size(); at += 8 + block) {
        std::uint64_t offset = 0;
        std::memcpy(&offset, image.data() + at, sizeof offset);
        if (pwrite(fd, image.data() + at + 8, block, static_cast<off_t>(offset)) != static_cast<ssize_t>(block))
            out.give_up("writing " + path + ": " + std::strerror(errno));
    }
    fsync(fd);
    close(fd);
}

}  // namespace

void make_disks(channel& out) {
    for (const auto* name : {"crc16", "libcrc32c", "crc32c_generic", "mbcache", "jbd2", "ext4"})
        if (const int error = load_module(name)) out.warn(std::string("module ") + name + ": " + std::strerror(error));
    // Built in, it takes these two from the command line (brd.rd_nr, brd.rd_size).
    if (const int error = load_module("brd", "rd_nr=16 rd_size=16384"))
        out.give_up(std::string("module brd: ") + std::strerror(error));
    for (int i = 0; i < 40 && access(device(disk_count - 1).c_str(), F_OK) != 0; ++i) nap_us(50'000);
    if (access(device(disk_count - 1).c_str(), F_OK) != 0)
        out.give_up("no RAM disks: the kernel has neither CONFIG_BLK_DEV_RAM nor a module brd");
    const auto image = read_file("/ext4.blocks");
    for (int i = 0; i < disk_count; ++i) write_image(out, image, device(i));
}

void mount_disk(channel& out, int i, const std::string& dir) {
    mkdir(dir.c_str(), 0755);
    if (mount(device(i).c_str(), dir.c_str(), "ext4", 0, nullptr) == 0) return;
    const int error = errno;
    out.give_up("mounting ext4 on " + dir + ": " + std::strerror(error) +
                (error == ENODEV ? " (the kernel has neither CONFIG_EXT4_FS nor a module ext4)" : ""));
}

}  // namespace drainlab::guest
