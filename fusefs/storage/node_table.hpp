// All nodes of one mount, and which of them have a descriptor
// open: at most `capacity`, least recently used closed first.
#pragma once
#include "fusefs/storage/node.hpp"
#include "fusefs/storage/shared_fd.hpp"

#include <unordered_map>

namespace drainlab::storage {

/// Thread: that of its store. A node* is the FUSE node id of its file (the root has FUSE's own).
class node_table final : descriptor_budget::cache {
  public:
    /// @param root  a directory descriptor, borrowed for the table's life, or until close_all().
    node_table(int root, const struct stat& st, std::size_t capacity, descriptor_budget& budget);
    ~node_table();
    node_table(const node_table&) = delete;
    node_table& operator=(const node_table&) = delete;

    node& root() noexcept { return *root_; }
    node* find(ino_t ino) noexcept;
    /// The node of `ino` if it is by `name` in `parent` that it is reached.
    node* named(const node& parent, const char* name, ino_t ino) noexcept;
    /// The node of `st`, made if need be, now also reachable as `name` in `parent`. Adds one lookup.
    node& get(node& parent, const char* name, const struct stat& st);
    /// Takes `n` lookups back; the node may be gone afterwards.
    void forget(node& f, std::uint64_t n);
    void ref(node& f) noexcept { ++f.refs; }
    /// Gives a reference back; the node may be gone afterwards.
    void unref(node& f);

    /// A descriptor for `f` (O_PATH; the root's is a real one), opened again if it had been closed. Valid until
    /// the next call that may open one. @return -errno on failure: ESTALE if the file is no longer where it was.
    int fd(node& f);
    /// After EMFILE: closes all descriptors but the one used last. False: there was none to close.
    bool make_room();
    /// Keeps `f` reachable although its name is about to go, by `path` if that is open and needed. @return errno.
    int pin(node& f, unique_fd path);
    /// `f` is called `name` in `parent` from now on.
    void set_name(node& f, node& parent, const char* name);
    /// The name of `f` has gone: reachable by its pinned descriptor only, or not at all.
    void drop_name(node& f);

    /// Closes every descriptor; nothing can be opened any more.
    void close_all();

    /// These three from any thread.
    std::size_t known() const noexcept { return known_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t open_descriptors() const noexcept { return open_; }

  private:
    std::size_t kept() const noexcept override { return lru_.size() > 1 ? lru_.size() - 1 : 0; }
    void shrink(std::size_t keep) override { trim(keep + 1); }
    int open_again(node& f);
    void counted();
    void touch(node& f);
    void close_path(node& f);
    void trim(std::size_t keep);
    void release_if_unused(node& f);

    std::unordered_map<ino_t, std::unique_ptr<node>> nodes_;
    std::list<node*> lru_;  ///< most recently used first
    node* root_{};
    int root_fd_;
    std::size_t capacity_;
    descriptor_budget& budget_;
    std::atomic<std::size_t> known_{}, size_{}, open_{};
    std::uint64_t last_generation_{};
};

}  // namespace drainlab::storage
