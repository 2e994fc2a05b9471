#include "controller/report/charts.hpp"

#include <algorithm>
#include <map>

namespace drainlab::report {

std::vector<umount_sample> samples_of(const cell& c) {
    if (c.unmounts.size() == c.umount_ns.size()) return c.unmounts;
    std::vector<umount_sample> all(c.umount_ns.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i].umount_ns = c.umount_ns[i];
    return all;
}

std::vector<segment> segments_of(const umount_sample& s) {
    std::vector<segment> all;
    std::uint64_t from = 0;
    const auto until = [&](const char* kind, std::uint64_t to) {
        to = std::min(to, s.umount_ns);
        if (to <= from) return;
        all.push_back({kind, from, to});
        from = to;
    };
    if (!s.detached_ns && !s.drain_begins_ns && !s.dead_ns) {
        until("unknown", s.umount_ns);
        return all;
    }
    if (s.detached_ns) until("call", *s.detached_ns);
    if (s.drain_begins_ns) until("sync", *s.drain_begins_ns);
    if (s.drained_ns) {
        for (const auto& [kind, ns] :
             {std::pair{"synchronize", s.synchronize_ns}, {"barrier", s.barrier_ns}, {"flush", s.flush_ns}})
            until(kind, std::min(from + ns, *s.drained_ns));
        until("own", *s.drained_ns);
    }
    if (s.dead_ns) until("evict", *s.dead_ns);
    until("return", s.umount_ns);
    if (s.dead_ns && *s.dead_ns > s.umount_ns) all.push_back({"after", s.umount_ns, *s.dead_ns});
    return all;
}

const char* explained(const std::string& kind) {
    static const std::map<std::string, const char*> words{{"call", "the call, until the name is gone"},
                                                          {"sync", "sync, until the drain begins"},
                                                          {"synchronize", "drain: synchronize_rcu()"},
                                                          {"barrier", "drain: rcu_barrier()"},
                                                          {"flush", "drain: flush_workqueue()"},
                                                          {"own", "drain: other waiting"},
                                                          {"evict", "evict, until the superblock is dead"},
                                                          {"return", "return to the caller"},
                                                          {"after", "after the return, until the superblock is dead"},
                                                          {"unknown", "phases not recorded"}};
    const auto at = words.find(kind);
    return at == words.end() ? "?" : at->second;
}

}  // namespace drainlab::report
