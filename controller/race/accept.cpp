#include "controller/race/accept.hpp"

#include "controller/race/world.hpp"
#include "fusefs/sched/search.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace drainlab::race {

namespace {

// What is traced at all is traced whole: without any of its events a group says nothing, with one its absences speak.
const std::vector<std::set<std::string_view>>& groups() {
    static const std::vector<std::set<std::string_view>> all{
        {"drain_begins", "drain_synchronize_rcu", "drain_rcu_barrier", "drain_flush_isw_wq", "drained"},
        {"drain_wait_var_event"},  // a kernel's trace has no such event
        {"mnt_unhashed", "grace_period_begins", "grace_period_ends", "without_grace_period", "deferred"},
        {"put_task_work", "put_delayed"},
        {"isw_prepared"},
        {"inode_switch_wbs_queue"},
        {"inode_switch_wbs"},
        {"sb_inactive"},
        {"dead"},
        {"cleanup_mnt"},
        {"detached"},
        {"dying"},
    };
    return all;
}

/// What a daemon sees of its mount from outside, by the model's name for it.
std::string_view seen_from_outside(std::string_view model) {
    return model == "mnt_unhashed" ? "detached" : model == "cleanup_mnt" ? "dying" : std::string_view{};
}

const std::set<std::string_view>& mount_events() {
    static const std::set<std::string_view> all{"mnt_unhashed",      "grace_period_begins",
                                                "grace_period_ends", "without_grace_period",
                                                "deferred",          "put_task_work",
                                                "put_delayed",       "cleanup_mnt",
                                                "detached",          "dying"};
    return all;
}

std::set<std::string_view> traced_in(const std::vector<observed>& trace) {
    std::set<std::string_view> names;
    for (const auto& group : groups())
        if (std::any_of(trace.begin(), trace.end(), [&](const observed& o) { return group.contains(o.name); }))
            names.insert(group.begin(), group.end());
    return names;
}

/// One superblock's events, cut after each `dead` behind which nothing of it is under way: a name may be used again.
std::vector<std::vector<observed>> lives_of(const std::vector<observed>& trace) {
    std::vector<std::string> names;
    for (const observed& o : trace)
        if (std::find(names.begin(), names.end(), o.sb) == names.end()) names.push_back(o.sb);
    std::vector<std::vector<observed>> lives;
    for (const auto& name : names) {
        bool fresh = true, died = false;
        int under_way = 0;
        for (const observed& o : trace) {
            if (o.sb != name) continue;
            if (std::exchange(fresh, false)) lives.emplace_back(), died = false, under_way = 0;
            lives.back().push_back(o);
            died = died || o.name == "dead";
            under_way += (o.name == "isw_prepared") - (o.name == "inode_switch_wbs");
            fresh = died && under_way <= 0;
        }
    }
    return lives;
}

/// Switches that were over before the end of the superblock began are a trace that nothing else of this one depends on.
std::vector<observed> without_old_switches(const std::vector<observed>& life) {
    int prepared = 0, queued = 0;
    std::size_t from = 0;
    for (std::size_t n = 0; n < life.size(); ++n) {
        const observed& o = life[n];
        if (o.name == "isw_prepared")
            ++prepared;
        else if (o.name == "inode_switch_wbs_queue")
            queued += std::exchange(prepared, 0);
        else if (o.name == "inode_switch_wbs")
            --queued;
        else
            break;
        if (queued < 0) break;
        if (queued == 0 && prepared == 0) from = n + 1;
    }
    return {life.begin() + static_cast<std::ptrdiff_t>(from), life.end()};
}

/// What a trace does not tell: whether umount was lazy, and whether there was a switch that left no event
/// of this superblock, because it backed out, or is of another one. A drain may have waited for it.
struct untold {
    bool lazy{}, unseen_switch{};
};

world_spec world_for(const std::vector<observed>& life, const subject& under, const untold& guess) {
    world_spec w;
    w.name = "trace";
    w.producer = "offline";
    w.shields = {all_shields.begin(), all_shields.end()};
    w.superblocks.push_back({life.front().sb, life.front().sb});
    w.namespaces.push_back({"init", false});
    std::size_t inodes = 0;
    const auto add_switch = [&] {
        w.memcgs.push_back({"cgroup " + std::to_string(w.memcgs.size() + 1), false});
        w.inodes.insert(w.inodes.end(), std::max<std::size_t>(inodes, 1), inode_spec{0, w.memcgs.size() - 1});
        w.tasks.push_back({action::memcg_offline, 0, w.memcgs.size() - 1});
        inodes = 0;
    };
    for (const observed& o : life) {
        inodes += o.name == "isw_prepared";
        if (o.name == "inode_switch_wbs_queue") add_switch();
    }
    if (inodes > 0) add_switch();
    if (guess.unseen_switch) add_switch();
    task_spec end{action::umount};
    if (under.names) {
        w.mounts.push_back({0, "a"});
        end.does = action::umount2;
        end.path = "a";
        end.lazy = guess.lazy;
    }
    w.tasks.push_back(end);
    const bool delayed =
        std::any_of(life.begin(), life.end(), [](const observed& o) { return o.name == "put_delayed"; });
    if (under.names && delayed) {  // the last put was a kernel thread's
        w.files.push_back({"f", "a/f"});
        w.tasks.push_back({action::put_by_kthread});
    }
    return w;
}

/// Follows a trace and gives up where the run leaves it.
class follower final : public run_listener {
  public:
    follower(const std::vector<observed>& trace, const std::set<std::string_view>& names, world_run& run)
        : trace_{trace}, names_{names}, run_{run} {}
    void runs(const sched::fiber&) override {}
    void passes(const sched::fiber&, sched::point, bool) override {}
    void violated(const kernel::violation&) override {}
    void traced(const kernel::trace_event& e) override {
        if (over_ || e.sb != trace_.front().sb) return;
        for (const std::string_view name : {e.name, seen_from_outside(e.name)})
            if (!over_ && names_.contains(name)) shows(name);
    }
    std::size_t matched{};
    std::string instead;  ///< empty: the run ended, or followed to the end

  private:
    void shows(std::string_view name) {
        if (trace_[matched].name == name) {
            over_ = ++matched == trace_.size();
        } else {
            over_ = true;
            instead = name;
        }
        if (over_) run_.scheduler().calm();
    }

    const std::vector<observed>& trace_;
    const std::set<std::string_view>& names_;
    world_run& run_;
    bool over_{};
};

acceptance follow(const std::vector<observed>& life, const std::set<std::string_view>& names, const subject& under,
                  const untold& guess, std::uint64_t most) {
    acceptance a;
    a.sb = life.front().sb;
    a.world = world_for(life, under, guess);
    std::uint64_t left = most;
    for (const int bound : {0, 1, 2, 3, -1}) {
        sched::depth_first choices;
        do {
            if (left-- == 0) return a;
            world_run run{a.world, under, choices, options_of(a.world, bound)};
            follower f{life, names, run};
            run.listen(f);
            run.run();
            if (f.matched > a.matched) a.wanted.clear();
            a.matched = std::max(a.matched, f.matched);
            if (f.matched == life.size()) {
                a.accepted = true;
                a.schedule = choices.taken(bound);
                return a;
            }
            if (f.matched == a.matched) a.wanted.insert(f.instead.empty() ? "the end" : f.instead);
        } while (choices.next());
    }
    a.exhausted = true;
    return a;
}

std::vector<untold> guesses(const std::vector<observed>& life, const subject& under) {
    const bool waited = std::any_of(life.begin(), life.end(), [](const observed& o) {
        return o.name.starts_with("drain_") && o.name != "drain_begins";
    });
    std::vector<untold> all;
    for (const bool unseen : {false, true})
        for (const bool lazy : {false, true})
            if ((!lazy || under.names) && (!unseen || waited)) all.push_back({lazy, unseen});
    return all;
}

acceptance judge(const std::vector<observed>& life, const std::set<std::string_view>& names, const subject& under,
                 std::uint64_t most) {
    std::optional<acceptance> best;
    bool exhausted = true;
    for (const untold& guess : guesses(life, under)) {
        acceptance a = follow(life, names, under, guess, most);
        if (a.accepted) return a;
        exhausted = exhausted && a.exhausted;
        if (!best || a.matched > best->matched)
            best = std::move(a);
        else if (a.matched == best->matched)
            best->wanted.insert(a.wanted.begin(), a.wanted.end());
    }
    best->exhausted = exhausted;
    best->line = life[best->matched].line;
    best->refused = life[best->matched].name;
    return std::move(*best);
}

}  // namespace

const std::set<std::string_view>& observable_events() {
    static const std::set<std::string_view> all = [] {
        std::set<std::string_view> names;
        for (const auto& group : groups()) names.insert(group.begin(), group.end());
        return names;
    }();
    return all;
}

std::vector<acceptance> accept(const std::vector<observed>& trace, const subject& under, std::uint64_t most) {
    std::vector<acceptance> all;
    std::vector<observed> told = trace;
    if (!under.names) std::erase_if(told, [](const observed& o) { return mount_events().contains(o.name); });
    const auto names = traced_in(told);
    for (const auto& whole : lives_of(told)) {
        const auto life = without_old_switches(whole);
        if (life.empty()) continue;
        all.push_back(judge(life, names, under, most));
    }
    return all;
}

}  // namespace drainlab::race
