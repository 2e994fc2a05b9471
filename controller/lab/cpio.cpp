#include "controller/lab/cpio.hpp"

#include <fmt/format.h>

namespace drainlab::lab {
namespace {

void pad(std::string& bytes) { bytes.resize((bytes.size() + 3) / 4 * 4, '\0'); }

std::string entry(unsigned inode, const std::string& name, unsigned mode, const std::string& content, unsigned major,
                  unsigned minor) {
    // inode mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    std::string bytes =
        fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", inode, mode,
                    0, 0, 1, 0, content.size(), 0, 0, major, minor, name.size() + 1, 0);
    bytes += name;
    bytes += '\0';
    pad(bytes);
    bytes += content;
    pad(bytes);
    return bytes;
}

}  // namespace

void cpio_archive::add(const std::string& name, unsigned mode, const std::string& content, unsigned major,
                       unsigned minor) {
    bytes_ += entry(++inode_, name, mode, content, major, minor);
}

void cpio_archive::file(const std::string& name, const std::string& content, bool executable) {
    add(name, executable ? 0100755 : 0100644, content);
}

void cpio_archive::device(const std::string& name, unsigned major, unsigned minor) {
    add(name, 020600, {}, major, minor);
}

std::string cpio_archive::finish() const { return bytes_ + entry(0, "TRAILER!!!", 0, {}, 0, 0); }

}  // namespace drainlab::lab
