#include "controller/race/window.hpp"

namespace drainlab::race {

const std::array<window_info, window_count>& all_windows() noexcept {
    static constexpr std::array<window_info, window_count> all{{
        {"prepared_unqueued",
         "a switch is between prepare and queue, umount of its superblock between clearing SB_ACTIVE and "
         "the busy check"},
        {"backs_out", "a switch is counted, or has its pin, and sees SB_ACTIVE clear"},
        {"queued_at_drain", "a switch of the superblock is queued and not done when cgroup_writeback_umount() begins"},
        {"wb_dies_targeted", "a wb's cgroup goes offline while a switch towards it is under way"},
        {"wb_released_in_umount", "a wb is released while umount is between clearing SB_ACTIVE and the busy check"},
        {"flusher_in_umount", "the periodic flusher's turn comes while a superblock is being shut down"},
        {"dirtied_in_sync", "a page becomes dirty while umount syncs its superblock or a neighbour on the same bdi"},
        {"walk_unhashed", "an RCU walk is inside a mount when its name goes"},
        {"legitimize_too_late", "a walk finds mount_lock's sequence changed before it counts itself"},
        {"late_comer_silent", "a walk counted itself too late and drops the count without a mntput()"},
        {"late_comer_puts", "a walk counted itself too late and has to mntput()"},
        {"put_overtaken", "a mntput() saw the mount in its namespace, and lowers the count after the name is gone"},
        {"count_moves", "a reference is dropped while umount adds up the counts of the CPUs"},
        {"umount_busy", "umount fails with EBUSY"},
        {"copy_busy", "umount fails with EBUSY because the copy at a peer is in use"},
        {"grace_period", "the unmounter waits for a grace period"},
        {"without_grace_period", "a mount ends without a grace period"},
        {"last_put_user", "the last put is that of a user task other than the unmounter"},
        {"last_put_kthread", "the last put is that of a kernel thread: delayed_mntput_work ends the mount"},
        {"outlives_lazy", "umount -l has returned 0, and the superblock is alive"},
        {"mount_refused", "mount(2) finds that its mount point was unmounted meanwhile"},
        {"dies_in_delayed_put", "the superblock dies in delayed_mntput_work while a switch of it is in flight"},
    }};
    return all;
}

std::string_view to_string(window w) noexcept { return all_windows()[index_of(w)].name; }

std::optional<window> parse_window(std::string_view word) noexcept {
    for (std::size_t n = 0; n < window_count; ++n)
        if (all_windows()[n].name == word) return static_cast<window>(n);
    return {};
}

}  // namespace drainlab::race
