#include "fusefs/sched/store_buffer.hpp"

#include <algorithm>

namespace drainlab::sched {

void store_buffers::apply(const entry& e) { e.cell->value = e.is_delta ? e.cell->value + e.value : e.value; }

void store_buffers::drain(buffer& b, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) apply(b.entries[i]);
    b.entries.erase(b.entries.begin(), b.entries.begin() + static_cast<std::ptrdiff_t>(count));
}

void store_buffers::push(shared_cell& cell, std::int64_t value, bool is_delta) {
    const fiber* const self = sched_.current();
    const entry e{&cell, value, is_delta, ++issued_};
    if (!self || !choices_) return apply(e);
    const auto mine =
        std::find_if(buffers_.begin(), buffers_.end(), [&](const buffer& b) { return b.fiber == self->id; });
    if (mine != buffers_.end())
        mine->entries.push_back(e);
    else
        buffers_.push_back({self->id, {e}});
}

void store_buffers::store(shared_cell& cell, std::int64_t value) { push(cell, value, false); }
void store_buffers::add_relaxed(shared_cell& cell, std::int64_t delta) { push(cell, delta, true); }

/// Somebody looks at `cell`: decides how much of the other fibers' buffers has reached memory by now.
void store_buffers::observe(const shared_cell& cell) {
    const fiber* const self = sched_.current();
    for (buffer& b : buffers_) {
        if (self && b.fiber == self->id) continue;
        std::uint32_t pending = 0;
        for (const entry& e : b.entries) pending += e.cell == &cell;
        if (pending == 0) continue;
        std::uint32_t seen = self ? choices_->decide(choice_kind::memory, {}, pending + 1) : 0;
        std::size_t upto = 0;
        while (seen > 0) seen -= b.entries[upto++].cell == &cell;
        drain(b, upto);
    }
    std::erase_if(buffers_, [](const buffer& b) { return b.entries.empty(); });
}

std::int64_t store_buffers::load(const shared_cell& cell) {
    if (buffers_.empty()) return cell.value;
    observe(cell);
    std::int64_t value = cell.value;
    const fiber* const self = sched_.current();
    for (const buffer& b : buffers_)
        for (const entry& e : b.entries)
            if (self && b.fiber == self->id && e.cell == &cell) value = e.is_delta ? value + e.value : e.value;
    return value;
}

std::int64_t store_buffers::add(shared_cell& cell, std::int64_t delta) {
    if (!buffers_.empty()) {
        fence();
        observe(cell);
    }
    return cell.value += delta;
}

void store_buffers::fence() {
    if (buffers_.empty() || !sched_.current()) return;
    const auto self = sched_.current()->id;
    const auto mine = std::find_if(buffers_.begin(), buffers_.end(), [&](const buffer& b) { return b.fiber == self; });
    if (mine == buffers_.end()) return;
    drain(*mine, mine->entries.size());
    buffers_.erase(mine);
}

released_stores store_buffers::release() {
    const fiber* const self = sched_.current();
    return self ? released_stores{self->id, issued_} : released_stores{};
}

/// A task's own stores stay where they are: an unlock and a lock after it order no store with a later load.
void store_buffers::acquire(const released_stores& from) {
    if (buffers_.empty() || (sched_.current() && sched_.current()->id == from.by)) return;
    const auto theirs =
        std::find_if(buffers_.begin(), buffers_.end(), [&](const buffer& b) { return b.fiber == from.by; });
    if (theirs == buffers_.end()) return;
    const auto later = std::find_if(theirs->entries.begin(), theirs->entries.end(),
                                    [&](const entry& e) { return e.number > from.upto; });
    drain(*theirs, static_cast<std::size_t>(later - theirs->entries.begin()));
    if (theirs->entries.empty()) buffers_.erase(theirs);
}

void store_buffers::fence_all(std::uint64_t since) {
    for (buffer& b : buffers_) {
        const auto later =
            std::find_if(b.entries.begin(), b.entries.end(), [&](const entry& e) { return e.number > since; });
        drain(b, static_cast<std::size_t>(later - b.entries.begin()));
    }
    std::erase_if(buffers_, [](const buffer& b) { return b.entries.empty(); });
}

void store_buffers::calm() {
    choices_ = nullptr;
    for (buffer& b : buffers_) drain(b, b.entries.size());
    buffers_.clear();
}

}  // namespace drainlab::sched
