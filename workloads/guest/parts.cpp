#include "workloads/guest/parts.hpp"

#include <map>
#include <string>

namespace drainlab::guest {
namespace {

class reading {
  public:
    void take(const trace_event& e) {
        if (e.name.starts_with("in_"))
            enter(e.name.substr(3), e);
        else if (e.name.starts_with("out_"))
            leave(e.name.substr(4), e);
    }
    umount_parts made;

  private:
    bool draining() const { return open_.count("cgroup_writeback_umount") != 0; }

    void enter(const std::string& function, const trace_event& e) {
        open_[function] = e.at_ns;
        if (function == "cgroup_writeback_umount") {
            if (!made.drain_begins_at) made.drain_begins_at = e.at_ns;
            ++made.drain_calls;
            if (const auto n = e.field("inflight")) made.in_flight = static_cast<std::int32_t>(*n);
        } else if (function == "synchronize_rcu_expedited" && !made.detached_at) {
            made.detached_at = e.at_ns;  // namespace_unlock(): the name has gone, the grace period is still to come
        } else if (draining() && (function == "synchronize_rcu" || function == "rcu_barrier" ||
                                  function == "__flush_workqueue" || function == "prepare_to_wait_event")) {
            ++made.waits;
        }
    }

    void leave(const std::string& function, const trace_event& e) {
        const auto at = open_.find(function);
        if (at == open_.end()) return;
        const auto spent = e.at_ns - at->second;
        open_.erase(at);
        if (function == "cgroup_writeback_umount") {
            made.drain_ns += spent;
            made.drained_at = e.at_ns;
        } else if (function == "synchronize_rcu_expedited") {
            made.expedited_ns += spent;
        } else if (function == "generic_shutdown_super") {
            made.dead_at = e.at_ns;
        } else if (function == "evict_inodes") {
            made.evict_ns += spent;
        } else if (function == "sync_filesystem") {
            made.sync_ns += spent;
        } else if (draining()) {
            if (function == "synchronize_rcu") made.synchronize_ns += spent;
            if (function == "rcu_barrier") made.barrier_ns += spent;
            if (function == "__flush_workqueue") made.flush_ns += spent;
        }
    }

    std::map<std::string, std::int64_t> open_;
};

}  // namespace

umount_parts parts_of(const std::vector<trace_event>& events, int pid) {
    reading r;
    for (const auto& e : events)
        if (e.pid == pid) r.take(e);
    return r.made;
}

}  // namespace drainlab::guest
