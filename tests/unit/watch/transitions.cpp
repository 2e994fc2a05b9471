#include "tests/unit/watch/transitions.hpp"

#include "fusefs/control/watch/fsm.hpp"

#include <cerrno>
#include <deque>
#include <map>
#include <set>

namespace watch_table {
namespace {

using namespace drainlab::control::watch;
using namespace std::chrono_literals;

constexpr const char* stages[] = {"live", "detached", "dying"};
constexpr const char* holds[] = {"open", "arming", "held", "relay"};
constexpr const char* trials[] = {"none", "out", "passing"};
constexpr pid_t holder = 7, sweeper = 9, unmounter = 11;
constexpr std::uint64_t sweep_tag = std::uint64_t{1} << 63;

/// A machine, the tags that it has given out, and the question that it waits to be answered.
struct node {
    umount_fsm machine{1, true};
    instant now{1s};
    std::uint64_t arm{}, held{}, probe{};
    std::optional<action> asked;
    bool unmounter_waits{};  // as the gate said of the trial
};

std::string state_of(const node& n) {
    return std::string{stages[static_cast<int>(n.machine.at())]} + ", " + holds[static_cast<int>(n.machine.how())] +
           ", " + trials[static_cast<int>(n.machine.trying())];
}

std::string words(const output& o) {
    switch (o.what) {
        case action::arm: return "arm";
        case action::probe: return o.tid != 0 ? "probe, after the unmounter" : "probe";
        case action::keep_call: return "keep the STATFS";
        case action::answer_call: return "answer it";
        case action::let_go: return "let go";
        case action::drop_call: return "forget the STATFS";
        case action::look_at_trial: return "look at the trial";
        case action::watch_trial: return "watch the trial";
        case action::look_at_next: return "look at the next holder";
        case action::poll_events: return "poll detach events";
        case action::look_at_unmounter: return "look at the unmounter";
        case action::look_for_mount: return "look for a mount";
        case action::tell_gated: return o.yes ? "tell: gated" : "tell: not gated";
        case action::tell_held: return o.yes ? "tell: held" : "tell: not held";
        case action::tell_detached: return "tell: detached";
        case action::tell_dying: return "**tell: dying**";
        case action::trace: return "";
        case action::kill_gate: return "kill the gate";
    }
    return "?";
}

bool is_question(action a) {
    return a == action::look_at_trial || a == action::look_at_next || a == action::poll_events ||
           a == action::look_at_unmounter || a == action::look_for_mount;
}

struct named_input {
    std::string name;
    input in;
    instant later{};
};

std::vector<named_input> answers_to(action asked, bool unmounter_waits) {
    switch (asked) {
        case action::look_at_trial:
            return {{unmounter_waits ? "trial: blocked, and its unmounter waited" : "trial: blocked",
                     {.what = event::trial_seen, .yes = true}},
                    {"trial: not blocked", {.what = event::trial_seen}},
                    {"trial: not blocked, for 5 s", {.what = event::trial_seen}, 6s}};
        case action::look_at_next:
            return {{"next holder: blocked", {.what = event::next_seen, .yes = true}},
                    {"next holder: not yet", {.what = event::next_seen}},
                    {"next holder: not for 500 ms", {.what = event::next_seen}, 600ms}};
        case action::poll_events: return {{"no event", {.what = event::events_polled}}};
        case action::look_at_unmounter:
            return {{"unmounter: in deactivate_super", {.what = event::unmounter_seen, .yes = true}},
                    {"unmounter: elsewhere", {.what = event::unmounter_seen}}};
        default:
            return {{"mount: still there", {.what = event::mounted, .yes = true}},
                    {"mount: none", {.what = event::mounted}}};
    }
}

std::vector<named_input> inputs_for(const node& n) {
    if (n.asked) {
        auto all = answers_to(*n.asked, n.unmounter_waits);
        if (*n.asked == action::poll_events)
            all.push_back({"detach event", {.what = event::detached, .tid = unmounter}});
        return all;
    }
    std::vector<named_input> all{{"detach event", {.what = event::detached, .tid = unmounter}},
                                 {"detach event, by nobody known", {.what = event::detached}},
                                 {"trial of before parked", {.what = event::trial_parked, .tag = 5, .tid = 13}},
                                 {"sweep hangs", {.what = event::sweep_hangs, .tag = sweep_tag, .tid = sweeper}},
                                 {"gate lost", {.what = event::gate_lost}},
                                 {"gate up", {.what = event::gate_up, .yes = true}},
                                 {"gate cannot hold", {.what = event::gate_up, .text = "why"}},
                                 {"open", {.what = event::open}}};
    if (n.arm != 0) {
        all.push_back({"arming parked", {.what = event::holder_parked, .tag = n.arm, .tid = holder}});
        all.push_back({"arming: not sent", {.what = event::not_sent, .tag = n.arm}});
        all.push_back({"arming ends: EINTR", {.what = event::returned, .tag = n.arm, .tid = holder, .error = EINTR}});
        all.push_back({"arming ends: EINVAL", {.what = event::returned, .tag = n.arm, .tid = holder, .error = EINVAL}});
        all.push_back({"arming ends: EPERM", {.what = event::returned, .tag = n.arm, .tid = holder, .error = EPERM}});
    }
    if (n.held != 0) all.push_back({"holder interrupted", {.what = event::interrupted, .tid = holder}});
    if (n.probe != 0) {
        all.push_back({"trial parked", {.what = event::trial_parked, .tag = n.probe, .tid = sweeper}});
        all.push_back({"trial about to enter", {.what = event::probing, .tag = n.probe, .tid = 12}});
        all.push_back({"trial about to enter, its unmounter waits",
                       {.what = event::probing, .tag = n.probe, .tid = 12, .yes = true}});
        all.push_back({"trial ends: EINTR", {.what = event::returned, .tag = n.probe, .error = EINTR}});
        all.push_back({"trial ends: EINVAL", {.what = event::returned, .tag = n.probe, .error = EINVAL}});
    }
    if (const auto when = n.machine.wake_at()) all.push_back({"timer", {.what = event::timer}, *when - n.now});
    return all;
}

/// What tells states apart that have the same name.
std::string key(const node& n) {
    return state_of(n) + (n.asked ? std::to_string(static_cast<int>(*n.asked)) : "-") +
           (n.machine.claimed() ? "c" : "") + (n.machine.wake_at() ? "t" : "") +
           (n.machine.waited_to_the_end() ? "w" : "") + (n.held != 0 ? "h" : "") +
           (n.probe == sweep_tag ? "s"
            : n.probe != 0       ? "p"
                                 : "") +
           (n.arm != 0 ? "a" : "") + (n.unmounter_waits ? "u" : "");
}

transition take(node& n, const named_input& i) {
    transition t{state_of(n), i.name, {}, {}};
    n.now += std::max(i.later, instant{0});
    n.asked.reset();
    if (i.in.what == event::holder_parked) n.held = n.arm;
    const bool was_out = n.machine.trying() != trial::none;
    if (i.in.what == event::probing) n.unmounter_waits = i.in.yes;
    for (const auto& o : n.machine.step(n.now, i.in)) {
        if (o.what == action::arm) n.arm = o.tag;
        if (o.what == action::probe) {
            n.probe = o.tag;
            n.unmounter_waits = false;
        }
        if (is_question(o.what)) n.asked = o.what;
        if (const auto said = words(o); !said.empty()) t.does += (t.does.empty() ? "" : "; ") + said;
    }
    if (i.in.what == event::sweep_hangs && !was_out && n.machine.trying() != trial::none) n.probe = sweep_tag;
    if (n.machine.how() == hold::held) n.arm = 0;
    if (n.machine.trying() == trial::none) {
        n.probe = 0;
        n.unmounter_waits = false;
    }
    t.next = state_of(n);
    return t;
}

}  // namespace

std::vector<transition> all_transitions() {
    std::set<transition> rows;
    std::set<std::string> seen;
    std::deque<node> open;
    node first;
    auto begun = take(first, {"added", {.what = event::add, .yes = true}});
    begun.state = "-";
    rows.insert(begun);
    open.push_back(first);
    while (!open.empty()) {
        const node from = open.front();
        open.pop_front();
        if (!seen.insert(key(from)).second) continue;
        for (const auto& i : inputs_for(from)) {
            node to = from;
            const auto t = take(to, i);
            if (!t.does.empty() || t.state != t.next) rows.insert(t);
            open.push_back(to);
        }
    }
    return {rows.begin(), rows.end()};
}

std::string markdown(const std::vector<transition>& rows) {
    std::string text = "| stage, hold, trial | input | does | then |\n|---|---|---|---|\n";
    std::string last;
    for (const auto& t : rows) {
        text += "| " + (t.state == last ? "" : t.state) + " | " + t.input + " | " + t.does + " | " +
                (t.next == t.state ? "" : t.next) + " |\n";
        last = t.state;
    }
    return text;
}

}  // namespace watch_table
