// All nodes of one mount, and which of them have a descriptor open: at most `capacity`, least recently used closed first.
#pragma once
#include "fusefs/storage/node.hpp"

#include <unordered_map>

namespace drainlab::storage {

/// Thread: loop. A node* is the FUSE node id of its file (the root has FUSE's own).
class node_table {
  public:
    /// @param root  a directory descriptor, borrowed for the table's life.
    node_table(int root, const struct stat& st, std::size_t capacity);
    ~node_table();
    node_table(const node_table&) = delete;
    node_table& operator=(const node_table&) = delete;

    node& root() noexcept { return *root_; }
    node* find(ino_t ino) noexcept;
    /// The node of `st`, made if need be, now also reachable as `name` in `parent`. Adds one lookup.
    node& get(node& parent, const char* name, const struct stat& st);
    /// Takes `n` lookups back; the node may be gone afterwards.
    void forget(node& f, std::uint64_t n);
    void ref(node& f) noexcept { ++f.refs; }
    /// Gives a reference back; the node may be gone afterwards.
    void unref(node& f);

    /// A descriptor for `f` (O_PATH; the root's is a real one), opened again if it had been closed. Valid until the next call
    /// that may open one. @return -errno on failure: ESTALE if the file is no longer where it was.
    int fd(node& f);
    /// After EMFILE: closes all descriptors but the one used last. False: there was none to close.
    bool make_room();
    /// Keeps `f` reachable although its name is about to go, by `path` if that is open and needed. @return errno.
    int pin(node& f, unique_fd path);
    /// `f` is called `name` in `parent` from now on.
    void set_name(node& f, node& parent, const char* name);
    /// The name of `f` has gone: reachable by its pinned descriptor only, or not at all.
    void drop_name(node& f);

    std::size_t known() const noexcept { return known_; }
    std::size_t size() const noexcept { return nodes_.size(); }
    std::size_t open_descriptors() const noexcept { return lru_.size(); }

  private:
    int open_again(node& f);
    void touch(node& f);
    void close_path(node& f);
    void trim(std::size_t keep);
    void release_if_unused(node& f);

    std::unordered_map<ino_t, std::unique_ptr<node>> nodes_;
    std::list<node*> lru_;  ///< most recently used first
    node* root_{};
    int root_fd_;
    std::size_t capacity_;
    std::size_t known_{};
    std::uint64_t last_generation_{};
};

}  // namespace drainlab::storage
