// An ordered map from page index to T: what an address_space holds. 16 neighbours share a chunk,
// as in the kernel's xarray, so that a page of a sequential file costs a fraction of a tree node.
#pragma once
#include "fusefs/kernel/types.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace drainlab::kernel {

/// Ascending. A T stays where it is until it is erased, and is T{} when it comes anew;
/// an iterator stays good until its own page, or the last of its chunk, is erased.
template <class T>
class page_map {
    static constexpr unsigned shift = 4;  // 16 pages a chunk
    static constexpr pgoff_t width = pgoff_t{1} << shift;
    struct chunk {
        std::uint32_t used{};
        std::array<T, width> slots{};
    };
    using chunks = std::map<pgoff_t, std::unique_ptr<chunk>>;

    template <class Value>
    class basic_iterator {
      public:
        struct entry {
            pgoff_t first;
            Value& second;
            entry* operator->() noexcept { return this; }
        };
        using iterator_category = std::forward_iterator_tag;
        using value_type = entry;
        using difference_type = std::ptrdiff_t;
        using pointer = entry;
        using reference = entry;
        basic_iterator() = default;
        operator basic_iterator<const Value>() const noexcept { return {at_, end_, slot_}; }
        entry operator*() const noexcept { return {(at_->first << shift) + slot_, at_->second->slots[slot_]}; }
        entry operator->() const noexcept { return **this; }
        basic_iterator& operator++() noexcept {
            const std::uint32_t above = at_->second->used >> (slot_ + 1) << (slot_ + 1);
            if (above)
                slot_ = static_cast<unsigned>(std::countr_zero(above));
            else
                *this = first_of(std::next(at_), end_);
            return *this;
        }
        bool operator==(const basic_iterator& other) const noexcept { return at_ == other.at_ && slot_ == other.slot_; }

      private:
        friend class page_map;
        template <class>
        friend class basic_iterator;
        using place = typename chunks::const_iterator;
        basic_iterator(place at, place end, unsigned slot) : at_{at}, end_{end}, slot_{slot} {}
        static basic_iterator first_of(place at, place end) noexcept {
            return {at, end, at == end ? 0 : static_cast<unsigned>(std::countr_zero(at->second->used))};
        }
        place at_{}, end_{};
        unsigned slot_{};
    };

  public:
    using iterator = basic_iterator<T>;
    using const_iterator = basic_iterator<const T>;

    page_map() = default;
    page_map(const page_map&) = delete;
    page_map& operator=(const page_map&) = delete;

    /// A new T at `index`, unless there is one. @return where, and whether it is new.
    std::pair<iterator, bool> try_emplace(pgoff_t index) {
        auto at = chunk_of(index);
        if (at == chunks_.end()) at = last_ = chunks_.try_emplace(index >> shift, std::make_unique<chunk>()).first;
        const bool added = !(at->second->used & bit(index));
        at->second->used |= bit(index);
        size_ += added;
        return {iterator{at, chunks_.end(), slot(index)}, added};
    }
    iterator find(pgoff_t index) noexcept { return place_of<iterator>(*this, index); }
    const_iterator find(pgoff_t index) const noexcept { return place_of<const_iterator>(*this, index); }
    iterator lower_bound(pgoff_t index) noexcept { return not_below<iterator>(*this, index); }
    const_iterator lower_bound(pgoff_t index) const noexcept { return not_below<const_iterator>(*this, index); }
    bool contains(pgoff_t index) const noexcept { return find(index) != end(); }
    /// Throws std::out_of_range if there is none.
    T& at(pgoff_t index) {
        const auto found = chunk_of(index);
        if (found == chunks_.end() || !(found->second->used & bit(index))) throw std::out_of_range{"no such page"};
        return found->second->slots[slot(index)];
    }
    const T& at(pgoff_t index) const { return const_cast<page_map*>(this)->at(index); }
    void erase(iterator at) {
        const auto in = chunk_of(at.at_->first << shift);
        in->second->slots[at.slot_] = T{};
        in->second->used &= ~(std::uint32_t{1} << at.slot_);
        if (!in->second->used) last_ = chunks_.erase(in);
        --size_;
    }
    /// All from `at` to the end.
    void erase_from(pgoff_t first) {
        for (auto at = lower_bound(first); at != end(); at = lower_bound(first)) erase(at);
    }
    iterator begin() noexcept { return iterator::first_of(chunks_.begin(), chunks_.end()); }
    iterator end() noexcept { return iterator::first_of(chunks_.end(), chunks_.end()); }
    const_iterator begin() const noexcept { return const_iterator::first_of(chunks_.begin(), chunks_.end()); }
    const_iterator end() const noexcept { return const_iterator::first_of(chunks_.end(), chunks_.end()); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

  private:
    static unsigned slot(pgoff_t index) noexcept { return static_cast<unsigned>(index & (width - 1)); }
    static std::uint32_t bit(pgoff_t index) noexcept { return std::uint32_t{1} << slot(index); }
    template <class It, class Self>
    static It place_of(Self& self, pgoff_t index) noexcept {
        const auto at = self.chunk_of(index);
        if (at == self.chunks_.end() || !(at->second->used & bit(index))) return self.end();
        return {at, self.chunks_.end(), slot(index)};
    }
    template <class It, class Self>
    static It not_below(Self& self, pgoff_t index) noexcept {
        const auto at = self.chunks_.lower_bound(index >> shift);
        if (at == self.chunks_.end() || at->first != index >> shift) return It::first_of(at, self.chunks_.end());
        const std::uint32_t rest = at->second->used & ~(bit(index) - 1);
        if (!rest) return It::first_of(std::next(at), self.chunks_.end());
        return {at, self.chunks_.end(), static_cast<unsigned>(std::countr_zero(rest))};
    }

    typename chunks::iterator chunk_of(pgoff_t index) const noexcept {
        if (last_ == chunks_.end() || last_->first != index >> shift) last_ = chunks_.find(index >> shift);
        return last_;
    }

    mutable chunks chunks_;                                  ///< none is empty
    mutable typename chunks::iterator last_{chunks_.end()};  ///< the chunk asked for last, or another
    std::size_t size_{};
};

}  // namespace drainlab::kernel
