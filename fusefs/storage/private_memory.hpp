// The private stores of one daemon: directories of one file system in memory, which no path leads to.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <memory>
#include <string>

namespace drainlab::storage {

/// A directory of that file system, removed with all that is in it when its owner lets go. Keeps the file system.
class memory_directory {
  public:
    memory_directory() = default;
    memory_directory(std::shared_ptr<unique_fd> memory, std::string name)
        : memory_{std::move(memory)}, name_{std::move(name)} {}
    memory_directory(memory_directory&&) = default;
    memory_directory& operator=(memory_directory&&) = default;
    ~memory_directory() { remove(); }

    /// At once if it is empty; else a thread takes it away, as that may be long work.
    void remove();

  private:
    std::shared_ptr<unique_fd> memory_;
    std::string name_;
};

/// A tmpfs mount made with the first store and attached nowhere (fsmount(2)), gone with the process, so also after
/// SIGKILL; for an ordinary user made by a short-lived child in a user namespace of its own. A tmpfs for each store
/// would cost a wait for a grace period at each birth and each end. Thread: one at a time; a directory may outlive it.
class private_memory {
  public:
    /// A new directory of mode 0755 and a descriptor of it; none where no file system in memory may be had.
    unique_fd make(memory_directory& out);

  private:
    std::shared_ptr<unique_fd> memory_;
    unsigned long made_{};
};

/// Removes the directory `name` of `dir`, which is to be on the same file system all the way down; names that begin
/// with `name` and a hyphen have to be free in `dir`. Takes two descriptors, however deep the tree is.
void remove_tree(int dir, const std::string& name);

}  // namespace drainlab::storage
