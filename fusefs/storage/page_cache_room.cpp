// What room the store has, and what of it is promised: to pages that are dirty, and to calls that are about to take
// some.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <cerrno>

namespace drainlab::storage {

using namespace std::chrono_literals;

namespace {

constexpr auto room_is_known_for = 250ms;
constexpr std::uint64_t part_promised =
    4;  // of the room: metadata, other writers and blocks larger than pages take theirs

}  // namespace

/// Whether the store will surely have room for `size` bytes more than are promised already, as far as can be known.
bool page_cache::has_room(std::size_t size) const {
    if (writes_through()) return true;  // a full one says so itself
    if (lose_unsynced) return true;     // who wants to know whether it is there has to sync
    const auto now = sched_.now();
    if (now < careful_until_ || !space_->seen || now - *space_->seen > room_is_known_for) return false;
    return space_->taken_bytes() + size + page_size <= space_->free_bytes / part_promised;  // pages go as a whole
}

sched::task<> page_cache::look_for_room() {
    if (space_->seen && sched_.now() - *space_->seen <= room_is_known_for) co_return;
    const std::uint64_t before = space_->about_to_look();
    auto statfs_call = calls_.names<std::uint64_t>("statfs", [io = &io_](directory_store& s, std::uint64_t& free) {
        struct statvfs v {};
        if (!s.root_fd()) return EBADF;
        if (const int rc = io->fstatvfs(s.root_fd()->get(), v)) return -rc;
        free = static_cast<std::uint64_t>(v.f_bavail) * v.f_frsize;
        if (v.f_blocks == 0 && s.in_memory()) free = std::numeric_limits<std::uint64_t>::max();  // ramfs: no limit
        return 0;
    });
    const auto room = co_await statfs_call;
    space_->looked(before, room.err ? 0 : room.out, sched_.now());  // one that does not say is asked write by write
}

sched::task<std::unique_ptr<store_space::claim>> page_cache::claim_room(file_data& f, std::size_t size) {
    if (!has_room(size)) co_await look_for_room();
    const bool plenty = has_room(size);
    auto claim = std::make_unique<store_space::claim>(space_, size > 0 ? size + page_size : 0);
    if (!plenty) co_await store_what_is_held(f);
    co_return claim;
}

/// What was taken on promise goes first, in every file: else this call takes the room that it needs.
sched::task<> page_cache::store_what_is_held(file_data& f) {
    constexpr int most_rounds = 300;
    for (int k = 0; holding_files_.count() > 0 && k < most_rounds; ++k) {
        send_flusher(f);
        co_await sched_.wait_on(&counts_, "room in the store", sched_.now() + 200ms);
    }
}

}  // namespace drainlab::storage
