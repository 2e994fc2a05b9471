// What one file must contain after a crash, byte by byte: what
// was acknowledged, or something later that was on its way.
#pragma once
#include <cstdint>
#include <list>
#include <string>

namespace durability {

/// The calls of one writer on one file, in order. Thread: the writer's, then whoever judges.
class file_record {
  public:
    struct change {
        std::size_t offset{};
        std::string bytes;  ///< of a write
        bool truncates{};   ///< to `offset`
        bool acknowledged{};
    };
    using handle = std::list<change>::iterator;

    /// To be called before the system call: from here on the store may have it.
    handle begins(change c) { return changes_.insert(changes_.end(), std::move(c)); }
    /// An O_SYNC write has returned.
    void acknowledged(handle h) { h->acknowledged = true; }
    /// It failed, but may have happened in part: it stays what it was, on its way.
    /// An fsync of the whole file has returned.
    void all_acknowledged();
    /// What a reader of the mount sees.
    std::string newest() const;
    /// The store's content is taken as it is.
    void starts_from(std::string content);
    /// "" if `content` is one that a crash may leave; else what is wrong.
    std::string judge(const std::string& content) const;

  private:
    bool may_be(std::size_t at, char byte) const;
    std::size_t least_size() const;
    std::string base_;
    std::list<change> changes_;
};

}  // namespace durability
