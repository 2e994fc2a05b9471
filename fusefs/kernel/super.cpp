#include "fusefs/kernel/super.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

super_block::super_block(host& on, std::string name, backing_dev_info& bdi, address_space_operations& with,
                         const drain_policy& under)
    : h{on},
      s_id{std::move(name)},
      s_bdi{bdi},
      keeps_bdi{bdi.shared_from_this()},
      ops{with},
      policy{&under},
      s_active_flag{on.sched, 1},
      s_umount{on.sched, "sb->s_umount"},
      s_isw_nr_in_flight{on.sched},
      s_es_stats{[this] {
          h.violated("use_after_free", "percpu_counter of " + s_id + " (drainfs) touched after put_super()", {}, this);
      }} {}

std::shared_ptr<super_block> sget(host& h, std::string name, address_space_operations& ops, const drain_policy& policy,
                                  backing_dev_info* bdi) {
    if (!bdi) bdi = &bdi_register(h, name);
    bdi_get(*bdi);
    auto sb = std::make_shared<super_block>(h, std::move(name), *bdi, ops, policy);
    if (h.supers.size() ==
        h.supers.capacity()) {  // now and then: a look at all of them for each new one would be quadratic
        std::erase_if(h.supers, [](const auto& weak) { return weak.expired(); });
        h.supers.reserve(2 * h.supers.size() + 8);
    }
    h.supers.push_back(sb);
    return sb;
}

std::shared_ptr<inode> iget_locked(super_block& sb, ino_t ino) {
    DRAINLAB_CHECK(sb.state != sb_state::dead);
    auto& slot = sb.s_inodes[ino];
    if (!slot) {
        slot = std::make_shared<inode>(sb.shared_from_this(), ino);
        sb.s_es_stats.add(1);
    }
    return slot;
}

namespace {

void enter_phase(super_block& sb, instant& when, std::string_view phase) {
    when = sb.h.sched.now();
    sb.h.trace(phase, &sb);
    if (sb.on_phase) sb.on_phase(phase);
}

// A hold counts from the moment the drain begins; it is used up unless armed for every drain (a superblock drains
// once).
task<> apply_hold(super_block& sb) {
    const instant until = sb.phases.drain_begins + sb.drain_hold;
    while (sb.drain_hold.count() > 0 && sb.h.sched.now() < sb.phases.drain_begins + sb.drain_hold)
        co_await sb.h.sched.wait_on(&sb.drain_hold, "hold of the drain", until);
}

// "VFS: Busy inodes after unmount": what generic_shutdown_super() prints when s_inodes is not empty after eviction.
void check_busy_inodes(super_block& sb) {
    if (sb.s_inodes.empty()) return;
    std::string_view by;
    for (const auto& [ino, i] : sb.s_inodes)
        if (i->i_state & I_WB_SWITCH) by = to_string(i->switched_by);
    sb.h.violated("busy_inodes", "VFS: Busy inodes after unmount of " + sb.s_id + " (drainfs)", by, &sb);
}

}  // namespace

task<> cgroup_writeback_umount(super_block& sb) {
    host& h = sb.h;
    if (!sb.s_bdi.cap_writeback) co_return;
    enter_phase(sb, sb.phases.drain_begins, "drain_begins");
    const std::int64_t in_flight = h.isw_nr_in_flight.peek();
    sb.drain_waited = false;
    const instant begun = h.sched.now();  // whoever listens to phases is not part of the call
    if (h.drain_call.count() > 0) co_await h.sched.sleep_for(h.drain_call, "cgroup_writeback_umount()");
    co_await sb.policy->drain(sb);
    const std::int64_t took = (h.sched.now() - begun).count();
    for (drain_stats* stats : {&sb.drain, &h.drain}) {
        ++stats->calls;
        stats->waited += sb.drain_waited;
        stats->ns += took;
        stats->in_flight_at_entry += in_flight;
    }
    co_await apply_hold(sb);
    enter_phase(sb, sb.phases.drained, "drained");
}

task<> evict_inodes(super_block& sb) {
    std::vector<std::shared_ptr<inode>> dispose;
    for (const auto& [ino, i] : sb.s_inodes)
        if (i->i_count == 0 && !(i->i_state & (I_FREEING | I_WILL_FREE))) dispose.push_back(i);
    for (const auto& i : dispose) {
        {
            const auto guard = co_await i->i_lock.lock();
            // Another task may have taken, or evicted, it while we waited for a lock.
            if (i->i_count > 0 || (i->i_state & (I_FREEING | I_CLEAR))) continue;
        }
        co_await evict(*i);  // sets I_FREEING before anybody else runs
    }
}

task<> generic_shutdown_super(super_block& sb) {
    host& h = sb.h;
    sb.state = sb_state::dying;
    // shrink_dcache_for_umount() lets go of the dentries; while SB_ACTIVE is set that evicts no linked inode.
    if (h.sync_at_umount) co_await sync_filesystem(sb);
    sb.s_active_flag.store(0);  // SB_ACTIVE is cleared after the sync, which may itself have begun switches
    h.trace("sb_inactive", &sb);
    co_await h.sched.preempt(point::sb_inactive);
    co_await cgroup_writeback_umount(sb);
    co_await h.sched.preempt(point::evict_begins);
    co_await evict_inodes(sb);
    sb.ops.put_super(sb);
    sb.s_es_stats.destroy();
    check_busy_inodes(sb);
    sb.state = sb_state::dead;
    enter_phase(sb, sb.phases.dead, "dead");
}

void grab_super(super_block& sb) noexcept { ++sb.s_active; }

task<> deactivate_super(super_block& sb) {
    if (--sb.s_active > 0) co_return;
    const auto keep = sb.shared_from_this();
    {
        const auto exclusive = co_await sb.s_umount.down_write();
        co_await generic_shutdown_super(sb);
    }
    if (--sb.s_bdi.users == 0) bdi_unregister(sb.s_bdi);
}

void set_drain_hold(super_block& sb, nanoseconds hold) {
    sb.drain_hold = hold;
    sb.h.sched.wake_all(&sb.drain_hold);
}

task<> set_drain_policy(super_block& sb, const drain_policy& policy) {
    const auto keep = sb.shared_from_this();
    ++sb.switch_hold;
    while (sb.own_in_flight > 0 && sb.state == sb_state::live)
        co_await sb.h.sched.wait_on(&sb.own_in_flight, "switches in flight, to change the policy");
    if (sb.state == sb_state::live) sb.policy = &policy;
    --sb.switch_hold;
}

}  // namespace drainlab::kernel
