// A file system of a given size, to be filled.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>

namespace durability {

/// This machine has none of the kind.
struct no_such_store : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Mounted on `dir` as long as it lives: a tmpfs, or an ext4 in `image` on a loop device.
class small_store {
  public:
    /// @param block  of the ext4, in bytes.
    small_store(std::string dir, std::string image, bool on_disk, std::size_t kib, unsigned block);
    ~small_store();
    small_store(const small_store&) = delete;
    small_store& operator=(const small_store&) = delete;
    /// Where files go.
    const std::string& dir() const { return dir_; }

  private:
    std::string dir_, image_;
};

}  // namespace durability
