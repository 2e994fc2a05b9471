#include "controller/race/story.hpp"

#include "controller/race/story_mounts.hpp"

#include <map>

namespace drainlab::race {

namespace {

constexpr std::size_t longest_story = 12;

std::string number(std::int64_t n) { return std::to_string(n); }

/// Writes a row for every step that means something.
class teller final : public run_listener {
  public:
    teller(world_run& run, bool counts_first) : run_{run}, counts_first_{counts_first} {}

    void runs(const sched::fiber& f) override {
        if (!rows_.empty()) rows_.back().state = state();  // as the next task finds it
        who_ = f.name;
        changed_ = true;
    }
    void passes(const sched::fiber&, sched::point at, bool preempted) override {
        if (at.name == kernel::point::isw_counted.name)
            say(counts_first_ ? "a switch is begun, isw_nr_in_flight raised" : "a switch is begun");
        else if (at.name == kernel::point::isw_pinned.name)
            say("SB_ACTIVE is set; the superblock is pinned");
        else if (at.name == kernel::point::isw_tested.name && preempted)
            say("under i_lock: SB_ACTIVE is seen set");
        if (preempted) say("(preempted at " + std::string{at.name} + ")", true);
    }
    void traced(const kernel::trace_event& e) override {
        const std::string sb{e.sb};
        if (e.key1 == "mnt" || e.name == "umount_returns") return say_if(mount_words(e, run_));
        if (e.name == "isw_prepared")
            say("SB_ACTIVE is set: I_WB_SWITCH and a reference on inode " + number(e.value1));
        else if (e.name == "isw_backs_out")
            say("SB_ACTIVE is clear: backs out of inode " + number(e.value1));
        else if (e.name == "inode_switch_wbs_queue")
            say("wb_queue_isw: the switch with " + number(e.value1) + (e.value1 == 1 ? " inode" : " inodes") +
                " is queued");
        else if (e.name == "wb_memcg_offline")
            say("mem_cgroup_css_offline: " + number(e.value2) + (e.value2 == 1 ? " wb is killed" : " wbs are killed"));
        else if (e.name == "wb_released")
            say("cgwb_release_workfn: a wb is released, freed after a grace period");
        else if (e.name == "flusher_turn")
            say("wb_workfn: the flusher's turn");
        else if (e.name == "inode_switch_wbs")
            say("worker: an inode of " + sb + " is switched and put");
        else
            traced_umount(e, sb);
    }
    void violated(const kernel::violation& v) override {
        if (!run_.switches()) say_if(v.message);
        if (v.invariant == "busy_inodes")
            say("evict_inodes: skips what has i_count > 0; put_super; inodes are left");
        else if (v.invariant == "use_after_free")
            say(v.message.starts_with("percpu_counter")
                    ? "eviction of a leaked inode: a freed percpu_counter is touched"
                    : v.message);
        last_violation_ = rows_.size() + 1;
    }

    std::vector<story_row> rows() {
        if (!rows_.empty()) rows_.back().state = state();
        if (last_violation_ > 0 && last_violation_ < rows_.size()) rows_.resize(last_violation_);
        return shortened();
    }

  private:
    void traced_umount(const kernel::trace_event& e, const std::string& sb) {
        const kernel::host& h = run_.host();
        if (e.name == "sb_inactive")
            say("sync_filesystem; SB_ACTIVE of " + sb + " is cleared" + (buffered(sb) ? " (in the store buffer)" : ""));
        else if ((e.name == "drain_begins" || e.name == "drained") && !run_.switches())
            return;  // nothing to wait for
        else if (e.name == "drain_begins")
            say("cgroup_writeback_umount: reads isw_nr_in_flight " + number(h.isw_nr_in_flight.peek()));
        else if (e.name == "drain_synchronize_rcu")
            say("synchronize_rcu returns");
        else if (e.name == "drain_rcu_barrier")
            say("rcu_barrier returns");
        else if (e.name == "drain_flush_isw_wq")
            say("flush_workqueue(isw_wq) returns");
        else if (e.name == "drain_wait_var_event")
            say("s_isw_nr_in_flight is 0: wait_var_event returns");
        else if (e.name == "drained")
            say("cgroup_writeback_umount returns", true);
        else if (e.name == "dead")
            say("the superblock is dead", true);
    }

    void say_if(const std::string& words) {
        if (!words.empty()) say(words);
    }

    bool buffered(const std::string& name) const {
        for (const auto& sb : run_.superblocks())
            if (sb->s_id == name) return sb->s_active_flag.peek() != 0;
        return false;
    }

    void say(const std::string& what, bool same_row = false) {
        const bool by_umount = who_.starts_with("umount");
        if (!same_row || rows_.empty() || rows_.back().task != who_ || changed_) {
            rows_.push_back({who_, "", "", ""});
        }
        changed_ = false;
        story_row& row = rows_.back();
        std::string& text = by_umount ? row.umount : row.switcher;
        text += (text.empty() ? "" : "; ") + what;
        row.state = state();
    }

    std::string state() const {
        std::string text;
        if (run_.switches()) text = "in flight " + number(run_.host().isw_nr_in_flight.peek());
        if (run_.mounts()) text += (text.empty() ? "" : ", ") + mounts_text(*run_.mounts());
        for (const auto& sb : run_.superblocks()) {
            text += (text.empty() ? "" : ", ") + sb->s_id +
                    (sb->state == kernel::sb_state::dead ? " dead"
                     : sb->s_active_flag.peek()          ? " active"
                                                         : " inactive");
            if (const auto pins = sb->s_isw_nr_in_flight.peek()) text += " pinned " + number(pins);
        }
        std::string counts;
        for (const auto& i : run_.inodes()) counts += (counts.empty() ? ", i_count " : "/") + number(i->i_count);
        return text + counts;
    }

    /// Neighbouring rows of one task become one, where the story would be too long.
    std::vector<story_row> shortened() {
        for (std::size_t n = 0; rows_.size() > longest_story && n + 1 < rows_.size();) {
            story_row& row = rows_[n];
            const story_row& next = rows_[n + 1];
            if (row.task != next.task) {
                ++n;
                continue;
            }
            for (auto text : {&story_row::umount, &story_row::switcher})
                if (!(next.*text).empty()) row.*text += (((row.*text).empty()) ? "" : "; ") + next.*text;
            row.state = next.state;
            rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(n) + 1);
        }
        return rows_;
    }

    world_run& run_;
    bool counts_first_;  // isw_nr_in_flight is raised before anything is prepared
    std::string who_{"start"};
    bool changed_{};
    std::size_t last_violation_{};
    std::vector<story_row> rows_;
};

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
    std::vector<std::string> lines{""};
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t space = std::min(text.find(' ', at), text.size());
        const std::string word = text.substr(at, space - at);
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + word;
        at = space + 1;
    }
    return lines;
}

std::string padded(const std::string& text, std::size_t width) {
    return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

}  // namespace

story tell(const world_spec& world, const subject& under, const sched::schedule& s) {
    sched::replay choices{s};
    world_run run{world, under, choices, options_of(world, s.preemptions)};
    teller t{run, under.drain && under.drain->offline_cleanup()};
    run.listen(t);
    const run_result r = run.run();
    story told{
        t.rows(), r.findings.empty() ? "Nothing was violated." : "", {}, world.has_mounts() ? "others" : "switcher"};
    std::size_t words = 0;  // the kernel's own message, if it printed one
    while (words < r.findings.size() && r.findings[words].invariant != "busy_inodes") ++words;
    if (words == r.findings.size()) words = 0;
    for (std::size_t n = 0; n < r.findings.size(); ++n)
        n == words ? void(told.last_words = r.findings[n].message) : told.aftermath.push_back(r.findings[n].message);
    return told;
}

std::string as_text(const story& s, int columns) {
    const std::size_t room = static_cast<std::size_t>(std::max(columns, 40)) - 10;  // without number and bars
    const std::size_t state = room * 3 / 10, side = (room - state) / 2;
    const auto line = [&](const std::string& n, const std::string& left, const std::string& right,
                          const std::string& is) {
        std::string text = padded(n, 3) + "| " + padded(left, side) + " | " + padded(right, side) + " | " + is;
        text.erase(text.find_last_not_of(' ') + 1);
        return text + "\n";
    };
    std::string out = line("", s.others, "umount", "state");
    out += std::string(3, '-') + "+" + std::string(side + 2, '-') + "+" + std::string(side + 2, '-') + "+" +
           std::string(state, '-') + "\n";
    std::size_t n = 0;
    for (const story_row& row : s.rows) {
        const bool of_umount = row.switcher.empty();
        const auto left = wrapped(of_umount ? "" : row.task + ": " + row.switcher, side);
        const auto right = wrapped(of_umount ? row.umount : "", side);
        const auto is = wrapped(row.state, state);
        const std::string number = std::to_string(++n);
        for (std::size_t l = 0; l < std::max({left.size(), right.size(), is.size()}); ++l)
            out += line(l == 0 ? number : "", l < left.size() ? left[l] : "", l < right.size() ? right[l] : "",
                        l < is.size() ? is[l] : "");
    }
    out += "\n" + s.last_words + "\n";
    for (const auto& more : s.aftermath) out += "also: " + more + "\n";
    return out;
}

std::string as_mermaid(const story& s) {
    std::map<std::string, std::string> ids;
    std::string out = "sequenceDiagram\n";
    for (const story_row& row : s.rows) {
        const auto [at, fresh] = ids.try_emplace(row.task, "t" + std::to_string(ids.size() + 1));
        if (fresh) out += "    participant " + at->second + " as " + row.task + "\n";
    }
    const auto plain = [](std::string text) {
        for (char& c : text)
            if (c == ';' || c == '#') c = ',';
        return text;
    };
    for (const story_row& row : s.rows)
        out += "    Note over " + ids[row.task] + ": " + plain(row.umount + row.switcher) + "<br/>" + plain(row.state) +
               "\n";
    if (!s.rows.empty()) out += "    Note over " + ids[s.rows.back().task] + ": " + plain(s.last_words) + "\n";
    return out;
}

}  // namespace drainlab::race
