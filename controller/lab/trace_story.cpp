#include "controller/lab/trace_story.hpp"

#include <algorithm>
#include <map>

namespace drainlab::lab {
namespace {

using guest::trace_event;

class story_reader {
  public:
    void take(position at, const trace_event& e) {
        if (e.name.starts_with("in_"))
            enter(at, e, e.name.substr(3));
        else if (e.name.starts_with("out_"))
            leave(at, e, e.name.substr(4));
    }
    trace_story story;

  private:
    /// What a task is in, innermost last.
    using stack = std::vector<std::size_t>;

    void enter(position at, const trace_event& e, const std::string& function) {
        // These have no probe at their return.
        if (function == "queue_rcu_work" || function == "prepare_to_wait_event") return mark(at, e, function);
        auto& open = open_[e.pid];
        story.calls.push_back({function, e.pid, at, never, {}});
        const auto index = story.calls.size() - 1;
        for (const auto outer : open) story.calls[outer].inside.push_back(index);
        if (function == "inode_prepare_wbs_switch") {
            story.preparations.push_back(
                {e.field("inode").value_or(0), e.field("sb").value_or(0), false, at, never, batch_of(open)});
            preparation_[e.pid] = story.preparations.size() - 1;
        } else if (function == "inode_switch_wbs_work_fn") {
            story.workers.push_back({e.field("work").value_or(0), at, never, never, never});
            worker_[e.pid] = story.workers.size() - 1;
        } else if (function == "generic_shutdown_super") {
            unmount u;
            u.sb = e.field("sb").value_or(0);
            u.pid = e.pid;
            u.begin = at;
            story.unmounts.push_back(u);
            unmount_[e.pid] = story.unmounts.size() - 1;
        } else if (auto* u = unmount_of(e.pid)) {
            if (function == "cgroup_writeback_umount") {
                u->drain_begin = at;
                if (const auto n = e.field("inflight")) u->in_flight = static_cast<std::int32_t>(*n);
            } else if (function == "evict_inodes" && u->evict == never) {
                u->evict = at;
            } else if (draining(*u) && is_wait(function) && outermost_wait(open)) {
                u->waits.push_back(index);
            }
        } else if (function == "synchronize_rcu" && worker_.contains(e.pid)) {
            story.workers[worker_[e.pid]].synchronize_begin = at;
        }
        open.push_back(index);
    }

    void leave(position at, const trace_event& e, const std::string& function) {
        auto& open = open_[e.pid];
        const auto innermost =
            std::find_if(open.rbegin(), open.rend(), [&](auto i) { return story.calls[i].function == function; });
        if (innermost == open.rend()) return;  // it began before the trace
        story.calls[*innermost].end = at;
        open.erase(std::prev(innermost.base()), open.end());
        if (function == "inode_prepare_wbs_switch" && preparation_.contains(e.pid)) {
            auto& p = story.preparations[preparation_[e.pid]];
            p.end = at;
            p.ok = (e.field("ok").value_or(0) & 0xff) == 1;
        } else if (function == "inode_switch_wbs_work_fn" && worker_.contains(e.pid)) {
            story.workers[worker_[e.pid]].end = at;
            worker_.erase(e.pid);
        } else if (function == "synchronize_rcu" && worker_.contains(e.pid)) {
            story.workers[worker_[e.pid]].synchronize_end = at;
        } else if (function == "cgroup_writeback_umount") {
            if (auto* u = unmount_of(e.pid)) u->drain_end = at;
        } else if (function == "generic_shutdown_super") {
            unmount_.erase(e.pid);
        }
    }

    void mark(position at, const trace_event& e, const std::string& function) {
        if (function == "queue_rcu_work") {
            story.calls.push_back({function, e.pid, at, at, {}});
            for (const auto outer : open_[e.pid]) story.calls[outer].inside.push_back(story.calls.size() - 1);
        } else if (auto* u = unmount_of(e.pid); u && draining(*u)) {
            // The wait of a flush or a barrier is not the drain's own.
            if (outermost_wait(open_[e.pid])) u->slept = true;
        }
    }

    static bool is_wait(const std::string& function) {
        return function == "synchronize_rcu" || function == "rcu_barrier" || function == "__flush_workqueue";
    }
    bool outermost_wait(const stack& open) const {
        return std::none_of(open.begin(), open.end(), [&](auto i) { return is_wait(story.calls[i].function); });
    }
    static bool draining(const unmount& u) { return u.drain_begin != never && u.drain_end == never; }
    unmount* unmount_of(int pid) {
        const auto at = unmount_.find(pid);
        return at == unmount_.end() ? nullptr : &story.unmounts[at->second];
    }
    std::size_t batch_of(const stack& open) const {
        for (auto i = open.rbegin(); i != open.rend(); ++i) {
            const auto& function = story.calls[*i].function;
            if (function == "inode_switch_wbs" || function == "cleanup_offline_cgwb") return *i;
        }
        return never;
    }

    std::map<int, stack> open_;
    std::map<int, std::size_t> preparation_, worker_, unmount_;
};

}  // namespace

trace_story read_story(const std::vector<trace_event>& events) {
    story_reader reader;
    for (position i = 0; i < events.size(); ++i) reader.take(i, events[i]);
    return std::move(reader.story);
}

}  // namespace drainlab::lab
