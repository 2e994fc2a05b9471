#include "tests/system/durability/small_store.hpp"

#include "tests/system/gate/daemon.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace durability {

namespace {

void make_image(const std::string& image, std::size_t kib, unsigned block) {
    const int fd = ::open(image.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(kib * 1024)) != 0)
        throw std::runtime_error{image + ": " + std::strerror(errno)};
    ::close(fd);
    const char* const journal = kib < 10 * 1024 ? "^has_journal" : "has_journal";  // small ones have no room for it
    if (gate_test::run({"mkfs.ext4", "-q", "-F", "-O", journal, "-b", std::to_string(block), image}).code != 0)
        throw no_such_store{"mkfs.ext4 made no file system"};
}

}  // namespace

small_store::small_store(std::string dir, std::string image, bool on_disk, std::size_t kib, unsigned block)
    : dir_{std::move(dir)}, image_{std::move(image)} {
    if (!on_disk) {
        const std::string size = "size=" + std::to_string(kib) + "k";
        if (::mount("tmpfs", dir_.c_str(), "tmpfs", 0, size.c_str()) != 0)
            throw no_such_store{std::string{"no tmpfs can be mounted: "} + std::strerror(errno)};
        return;
    }
    make_image(image_, kib, block);
    if (gate_test::run({"mount", "-o", "loop", image_, dir_}).code != 0)
        throw no_such_store{"no loop device can be had"};
}

small_store::~small_store() {
    using namespace std::chrono_literals;
    for (int k = 0; k < 100 && ::umount2(dir_.c_str(), 0) != 0 && errno == EBUSY; ++k)
        std::this_thread::sleep_for(50ms);
    ::unlink(image_.c_str());
}

}  // namespace durability
