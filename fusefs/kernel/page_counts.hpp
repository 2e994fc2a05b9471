// How many folios there are, and in what state: NR_FILE_PAGES, NR_FILE_DIRTY, NR_WRITEBACK, NR_DIRTIED (mm/).
#pragma once
#include <algorithm>
#include <cstdint>

namespace drainlab::kernel {

/// Of all files of a superblock whose `counts` this is, or of several of these
/// together. Kept by folio.cpp alone: whoever changes folios need not count. A folio
/// that is written to while it is under writeback is in both, `dirty` and `writeback`.
class page_counts {
  public:
    page_counts() = default;
    ~page_counts() { join(nullptr); }
    page_counts(const page_counts&) = delete;
    page_counts& operator=(const page_counts&) = delete;

    std::uint64_t pages() const noexcept { return pages_; }
    std::uint64_t dirty() const noexcept { return dirty_; }
    std::uint64_t writeback() const noexcept { return writeback_; }
    /// What the store does not have yet.
    std::uint64_t unwritten() const noexcept { return dirty_ + writeback_; }
    /// How many have become dirty: counts up only.
    std::uint64_t dirtied() const noexcept { return dirtied_; }
    /// The most that pages() has been since forget_most().
    std::uint64_t most() const noexcept { return most_; }
    void forget_most() noexcept { most_ = pages_; }

    /// From now on `wider` (null: nobody) counts these as well, and
    /// the one before no more. It must outlive this, or be left.
    void join(page_counts* wider) noexcept {
        if (wider_) wider_->add(-signed_of(pages_), -signed_of(dirty_), -signed_of(writeback_));
        wider_ = wider;
        if (!wider_) return;
        wider_->add(signed_of(pages_), signed_of(dirty_), signed_of(writeback_));
        for (page_counts* c = wider_; c; c = c->wider_) c->dirtied_ += writeback_;
    }
    void add(std::int64_t pages, std::int64_t dirty, std::int64_t writeback) noexcept {
        for (page_counts* c = this; c; c = c->wider_) {
            c->pages_ += static_cast<std::uint64_t>(pages);
            c->dirty_ += static_cast<std::uint64_t>(dirty);
            c->writeback_ += static_cast<std::uint64_t>(writeback);
            if (dirty > 0) c->dirtied_ += static_cast<std::uint64_t>(dirty);
            c->most_ = std::max(c->most_, c->pages_);
        }
    }

  private:
    static std::int64_t signed_of(std::uint64_t n) noexcept { return static_cast<std::int64_t>(n); }
    std::uint64_t pages_{}, dirty_{}, writeback_{}, dirtied_{}, most_{};
    page_counts* wider_{};
};

}  // namespace drainlab::kernel
