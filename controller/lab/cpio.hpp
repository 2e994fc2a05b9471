// Writing an initramfs: a cpio archive in the format "newc", the same bytes for the same content.
#pragma once

#include <string>

namespace drainlab::lab {

/// Entries belong to root and are of the year 1970; inode numbers count up. Names are relative, without a leading
/// slash;
/// folders must be added before what lies in them.
class cpio_archive {
  public:
    void folder(const std::string& name) { add(name, 040755, {}); }
    void file(const std::string& name, const std::string& content, bool executable = false);
    void link(const std::string& name, const std::string& to) { add(name, 0120777, to); }
    /// A character device, as /dev/console must be before anything is mounted.
    void device(const std::string& name, unsigned major, unsigned minor);

    /// The archive with its trailer.
    std::string finish() const;

  private:
    void add(const std::string& name, unsigned mode, const std::string& content, unsigned major = 0,
             unsigned minor = 0);

    std::string bytes_;
    unsigned inode_ = 0;
};

}  // namespace drainlab::lab
