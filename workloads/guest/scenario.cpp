#include "workloads/guest/scenario.hpp"

#include "workloads/guest/aim.hpp"
#include "workloads/guest/channel.hpp"
#include "workloads/guest/disks.hpp"
#include "workloads/guest/load.hpp"
#include "workloads/guest/system.hpp"
#include "workloads/guest/targets.hpp"
#include "workloads/guest/unmount.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <unistd.h>

namespace drainlab::guest {
namespace {

constexpr const char* complaint = "VFS: Busy inodes after unmount";

bool kernel_complained() { return kernel_log().find(complaint) != std::string::npos; }

void send_trace(channel& out, const scenario_order& s, int i, pid_t pid, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (text[at] != '#')
            out.send(json_line("trace")
                         .text("scenario", s.name)
                         .number("i", i)
                         .number("pid", pid)
                         .text("line", text.substr(at, end - at)));
        at = end + 1;
    }
}

class rounds {
  public:
    rounds(channel& out, const scenario_order& s, const parameters& p, instruments with)
        : out_(out), s_(s), with_(with), last_(out, s, {s.writes, p.drop_pages}, p.seed), aim_(p.seed) {
        if (with.record) last_.aim_with(aim_);
    }

    bool run_all() {
        for (int i = 0; i < s_.samples; i += s_.at_once)
            if (!run_one(i)) return false;
        return true;
    }

  private:
    bool run_one(int first) {
        if (with_.record) with_.record->begin();
        const auto dirs = mount_targets(out_, s_);
        const int holder = s_.held ? open((dirs.front() + "/held").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
        unmounts u(out_, dirs, s_.lazy);
        with_.parts.begin(u.pids());
        last_.pass(dirs);
        const auto cpu = children_cpu_ns();
        const auto ends = u.run();
        const auto spent = children_cpu_ns() - cpu;
        const auto released = now_ns();
        if (holder >= 0) close(holder);
        const auto death = now_ns() - released;
        const auto trace = with_.parts.end();
        const bool complained = kernel_complained();
        for (std::size_t k = 0; k < ends.size(); ++k) {
            send_sample(first + static_cast<int>(k), ends[k], parts_of(trace.events, ends[k].pid), u.begun_at(),
                        spent / static_cast<std::int64_t>(ends.size()), holder >= 0 ? death : -1, trace.lost,
                        complained);
        }
        if (with_.record) {
            nap_us(complained ? 200'000 : 60'000);  // the workers end
            const auto recorded = with_.record->end();
            aim_.learn(parse_trace(recorded).events, parts_of(trace.events, ends.front().pid));
            send_trace(out_, s_, first, ends.front().pid, recorded);
        }
        return !complained;
    }

    void send_sample(int i, const unmount_end& e, const umount_parts& p, std::int64_t begun, std::int64_t cpu_ns,
                     std::int64_t death_ns, int lost, bool complained) {
        json_line line("sample");
        line.text("scenario", s_.name).number("i", i).number("status", e.status).number("umount_ns", e.took_ns);
        const auto since = [&](const char* key, const std::optional<std::int64_t>& at) {
            if (at) line.number(key, std::max<std::int64_t>(*at - begun, 0));
        };
        since("detached_ns", p.detached_at);
        since("drain_begins_ns", p.drain_begins_at);
        since("drained_ns", p.drained_at);
        since("dead_ns", p.dead_at);
        line.number("drain_calls", p.drain_calls).number("waits", p.waits).number("drain_ns", p.drain_ns);
        line.number("synchronize_ns", p.synchronize_ns).number("barrier_ns", p.barrier_ns);
        line.number("flush_ns", p.flush_ns).number("expedited_ns", p.expedited_ns);
        line.number("sync_ns", p.sync_ns).number("evict_ns", p.evict_ns).number("cpu_ns", cpu_ns);
        if (p.in_flight) line.number("in_flight", *p.in_flight);
        if (death_ns >= 0) line.number("released_to_dead_ns", death_ns);
        if (lost > 0) line.number("lost_events", lost);
        out_.send(line.boolean("busy_inodes", complained));
    }

    channel& out_;
    const scenario_order& s_;
    instruments with_;
    last_moment last_;
    aim aim_;
};

}  // namespace

bool run_scenario(channel& out, const scenario_order& s, const parameters& p, instruments with) {
    load background(out, {s.writes, p.drop_pages});
    for (int i = 0; i < s.mounts; ++i) background.start(burner_dir(i));
    if (s.mounts > 0) nap_us(500'000);  // the first switches take a second's history
    const auto generations = background.generations();
    with.switches.begin();
    const auto begun = now_ns();
    const bool fine = rounds(out, s, p, with).run_all();
    const auto took = now_ns() - begun;
    const auto switched = with.switches.end();
    json_line line("load");
    line.text("scenario", s.name).number("generations", background.generations() - generations).number("ns", took);
    if (with.switches.works())
        line.number("by_vote", switched.by_vote)
            .number("by_offline", switched.by_offline)
            .number("by_other", switched.by_other);
    out.send(line);
    if (fine) background.stop();
    return fine;
}

}  // namespace drainlab::guest
