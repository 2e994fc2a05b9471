// An ordered set of page indices: the tags of an address_space. 64 neighbours share a word, as
// in the kernel's xarray, so that a page of a sequential file costs a fraction of a tree node.
#pragma once
#include "fusefs/kernel/types.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>

namespace drainlab::kernel {

/// Ascending. An iterator stays good until its own page, or the last of its word, is erased.
class page_set {
    static constexpr unsigned shift = 6;  // 64 pages a word
    using words = std::map<pgoff_t, std::uint64_t>;

  public:
    class iterator {
      public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = pgoff_t;
        using difference_type = std::ptrdiff_t;
        using pointer = const pgoff_t*;
        using reference = pgoff_t;
        iterator() = default;
        pgoff_t operator*() const noexcept { return (word_->first << shift) + bit_; }
        iterator& operator++() noexcept {
            const std::uint64_t above = bit_ == 63 ? 0 : word_->second >> (bit_ + 1) << (bit_ + 1);
            if (above)
                bit_ = static_cast<unsigned>(std::countr_zero(above));
            else
                *this = first_of(std::next(word_), *all_);
            return *this;
        }
        iterator operator++(int) noexcept {
            const iterator old = *this;
            ++*this;
            return old;
        }
        bool operator==(const iterator& other) const noexcept { return word_ == other.word_ && bit_ == other.bit_; }

      private:
        friend class page_set;
        iterator(const words& all, words::const_iterator word, unsigned bit) : all_{&all}, word_{word}, bit_{bit} {}
        static iterator first_of(words::const_iterator word, const words& all) noexcept {
            return {all, word, word == all.end() ? 0 : static_cast<unsigned>(std::countr_zero(word->second))};
        }
        const words* all_{};
        words::const_iterator word_{};
        unsigned bit_{};
    };
    using const_iterator = iterator;

    page_set() = default;
    page_set(const page_set&) = delete;
    page_set& operator=(const page_set&) = delete;

    /// @return whether it was new.
    bool insert(pgoff_t index) {
        if (last_ == words_.end() || last_->first != index >> shift) last_ = words_.try_emplace(index >> shift).first;
        std::uint64_t& word = last_->second;
        const bool added = !(word & bit(index));
        word |= bit(index);
        size_ += added;
        return added;
    }
    /// @return 1 if it was there, else 0.
    std::size_t erase(pgoff_t index) {
        const auto at = word_of(index);
        if (at == words_.end() || !(at->second & bit(index))) return 0;
        at->second &= ~bit(index);
        if (!at->second) last_ = words_.erase(at);
        --size_;
        return 1;
    }
    /// @return the next one.
    iterator erase(iterator at) {
        const pgoff_t index = *at;
        erase(index);
        return lower_bound(index);
    }
    bool contains(pgoff_t index) const noexcept {
        const auto at = word_of(index);
        return at != words_.end() && at->second & bit(index);
    }
    /// The first that is not below `index`.
    iterator lower_bound(pgoff_t index) const noexcept {
        const auto at = words_.lower_bound(index >> shift);
        if (at == words_.end() || at->first != index >> shift) return iterator::first_of(at, words_);
        const std::uint64_t rest = at->second & ~(bit(index) - 1);
        if (!rest) return iterator::first_of(std::next(at), words_);
        return {words_, at, static_cast<unsigned>(std::countr_zero(rest))};
    }
    iterator begin() const noexcept { return iterator::first_of(words_.begin(), words_); }
    iterator end() const noexcept { return iterator::first_of(words_.end(), words_); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

  private:
    static std::uint64_t bit(pgoff_t index) noexcept { return std::uint64_t{1} << (index & 63); }
    words::iterator word_of(pgoff_t index) const noexcept {
        if (last_ == words_.end() || last_->first != index >> shift) last_ = words_.find(index >> shift);
        return last_;
    }

    mutable words words_;                         ///< no zero among them
    mutable words::iterator last_{words_.end()};  ///< the word asked for last, or another
    std::size_t size_{};
};

}  // namespace drainlab::kernel
