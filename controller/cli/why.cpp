// drainctl why DIR|NAME|DEV
#include "controller/cli/holders_output.hpp"
#include "controller/cli/kernel_variant.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/why_findings.hpp"
#include "controller/machine/mountinfo.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>

#include <sys/utsname.h>

#include <ctime>

namespace drainlab::cli {

using nlohmann::json;
using os::to_printable;

namespace {

struct options {
    std::string asked, socket;
    bool json = false;
};

std::string kernel_release() {
    utsname u{};
    return uname(&u) == 0 ? u.release : "";
}

json process_document(const named_process& p) {
    return p.pid ? json{{"pid", p.pid}, {"comm", to_printable(p.comm)}} : json();
}

json task_document(const machine::kernel_task& t) {
    return {{"pid", t.pid},
            {"tid", t.tid},
            {"comm", to_printable(t.comm)},
            {"path", t.path.empty() ? json() : json(to_printable(t.path))},
            {"stage", t.words.stage.empty() ? json() : json(t.words.stage)},
            {"wait", t.words.wait.empty() ? json() : json(t.words.wait)},
            {"words", t.words.text},
            {"helps", t.words.helps},
            {"wchan", t.wchan.empty() ? json() : json(t.wchan)},
            {"stack", t.stack}};
}

json tasks_document(const std::vector<machine::kernel_task>& tasks) {
    json all = json::array();
    for (const auto& t : tasks) all.push_back(task_document(t));
    return all;
}

json mount_document(const why_findings& f) {
    const auto& w = f.what;
    return {{"dir", w.dir.empty() ? json() : json(to_printable(w.dir))},
            {"mounted", w.mount.has_value()},
            {"dev", w.device ? json(fmt::format("{}:{}", w.device->first, w.device->second)) : json()},
            {"fstype", w.fstype.empty() ? json() : json(w.fstype)},
            {"source", w.mount ? json(to_printable(w.mount->source)) : json()},
            {"name", w.daemon.is_object() ? w.daemon.value("name", json()) : json()},
            {"state", w.daemon.is_object() ? w.daemon.value("state", json()) : json()},
            {"served_by", process_document(f.server)}};
}

json document(const std::string& asked, const why_findings& f) {
    json unmounts = json::array(), below = json::array();
    for (const auto& u : f.unmounts) {
        unmounts.push_back(task_document(u.task));
        unmounts.back()["certain"] = u.certain;
    }
    for (const auto& l : f.below)
        below.push_back(
            {{"device", l.device},
             {"backing_file", to_printable(l.file)},
             {"on",
              l.on ? json{{"dir", to_printable(l.on->dir)}, {"fstype", l.on->fstype}, {"dev", l.on->dev()}} : json()},
             {"served_by", process_document(l.server)},
             {"workers", tasks_document(l.workers)}});
    const std::string release = kernel_release();
    const auto variant = corrected(kernel_variant_of(release), look_at_kernel());
    return {{"schema", "drainlab.why/1"},
            {"asked", to_printable(asked)},
            {"mount", mount_document(f)},
            {"holders", holders_document(f.held)},
            {"unseen", f.held.unseen},
            {"unseen_kinds", unseen_document(f.held)},
            {"unmounts", unmounts},
            {"s_umount_held_by", tasks_document(f.lockers)},
            {"frozen", tasks_document(f.frozen)},
            {"model_waits", f.waiting},
            {"below", below},
            {"kernel",
             {{"release", release},
              {"candidates", variant.candidates},
              {"note", variant.note},
              {"seen", variant.seen.empty() ? json() : json(variant.seen)}}}};
}

void print_head(const why_findings& f) {
    const auto& w = f.what;
    std::string line = w.dir.empty() ? std::string("a superblock") : to_printable(w.dir);
    line += w.fstype.empty() ? "" : ": " + w.fstype;
    if (w.mount) line += " " + to_printable(w.mount->source);
    if (w.device) line += fmt::format(", device {}:{}", w.device->first, w.device->second);
    if (f.server.pid) line += fmt::format(", served by pid {} ({})", f.server.pid, to_printable(f.server.comm));
    fmt::print("{}\n", line);
    if (!w.mount) fmt::print("  it has no name here (any more)\n");
}

/// What our daemon says of it.
void print_drainfs(const why_findings& f) {
    const json& d = f.what.daemon;
    if (!d.is_object()) return;
    const std::string policy = d.value("policy", "?"), state = d.value("state", "?");
    fmt::print("  drainfs: {} is {}; policy {} ({})\n", d.value("name", "?"), state, policy, policy_summary(policy));
    const json begun = d.value("phases_ns", json::object()).value("drain_begins", json());
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (state == "dying" && begun.is_number())
        fmt::print(
            "  its drain began {} ago\n",
            words::show_duration(duration(now.tv_sec * 1'000'000'000LL + now.tv_nsec - begun.get<std::int64_t>())));
    if (const auto delay = d.value("umount_delay_ms", 0.0); state == "dying" && delay > 0)
        fmt::print("  it was asked to take {} longer than it needs (--umount-delay, hold --by drain)\n",
                   words::show_duration(duration(static_cast<std::int64_t>(delay * 1e6))));
    for (const auto& task : f.waiting) fmt::print("    {}\n", task);
}

std::string who(const machine::kernel_task& t) {
    return t.tid == t.pid ? fmt::format("pid {} ({})", t.pid, to_printable(t.comm))
                          : fmt::format("pid {} ({}, thread {})", t.pid, to_printable(t.comm), t.tid);
}

void print_task(const machine::kernel_task& t, const named_process& server) {
    fmt::print("    {}\n", t.words.text);
    if (t.words.wait == "fuse_request" && server.pid)
        fmt::print("    that daemon is pid {} ({}): what it does, or its end, ends the wait\n", server.pid,
                   to_printable(server.comm));
    if (!t.words.helps.empty()) fmt::print("    would help: {}\n", t.words.helps);
    if (!t.stack.empty())
        fmt::print("    stack: {}\n", words::join(t.stack, " < "));
    else if (!t.wchan.empty())
        fmt::print("    wchan: {}\n", t.wchan);
}

void print_unmounts(const why_findings& f) {
    for (const auto& u : f.unmounts) {
        fmt::print("  {} {}\n", u.certain ? "unmounting:" : "perhaps it is this one that dies in:", who(u.task));
        print_task(u.task, f.server);
    }
    if (f.unmounts.empty()) return;
    for (const auto& t : f.lockers)
        fmt::print(
            "  s_umount is {} {}, {}\n", t.device ? "taken by" : "perhaps taken by", who(t),
            t.comm == "drainfs-gate" ? "the gate, until the mimicked shutdown of drainfs is over" : t.words.text);
    const std::string release = kernel_release();
    const auto variant = corrected(kernel_variant_of(release), look_at_kernel());
    fmt::print("  kernel {}: umount as {}. {}\n", release, words::join(variant.candidates, " or "), variant.note);
}

void print_below(const why_findings& f) {
    for (const auto& l : f.below) {
        fmt::print("  {} rests on {}", l.device, to_printable(l.file));
        if (l.on) fmt::print(", on {} ({})", to_printable(l.on->dir), l.on->fstype);
        if (l.server.pid) fmt::print(", served by pid {} ({})", l.server.pid, to_printable(l.server.comm));
        fmt::print("\n");
        for (const auto& t : l.workers) {
            fmt::print("  a request to it is under way: {}\n", who(t));
            print_task(t, l.server);
        }
    }
}

void print_frozen(const why_findings& f) {
    for (const auto& t : f.frozen) {
        fmt::print("  it seems frozen: {}\n", who(t));
        print_task(t, f.server);
    }
}

void print_holders(const why_findings& f) {
    const auto list = [&](bool blocking, const char* title) {
        bool first = true;
        for (const auto& h : f.held.holders) {
            if (h.blocks_umount() != blocking) continue;
            if (std::exchange(first, false)) fmt::print("  {}\n", title);
            fmt::print("    {}\n", machine::describe(h));
        }
    };
    list(true, f.what.mount ? "umount would fail with EBUSY:" : "held by:");
    list(false, "copies, and what keeps the superblock alive after an umount:");
    if (f.held.holders.empty() && f.what.device) fmt::print("  nobody holds it, as far as can be seen\n");
    if (f.held.unseen > 0) fmt::print("  {}\n", machine::describe_unseen(f.held.unseen));
    for (const auto& k : f.held.unseen_kinds) fmt::print("  not to be seen: {}\n", machine::describe(k));
}

/// A device that nothing is known of.
bool nothing_of(const why_findings& f) {
    return !f.what.mount && f.what.daemon.is_null() && f.unmounts.empty() && f.held.holders.empty() &&
           f.server.pid == 0;
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(machine::mounts_can_be_told());
    auto unmounting = machine::unmounting_tasks();
    BOOST_OUTCOME_TRY(auto what, find_why_target(o.asked, o.socket, unmounting));
    const auto found = find_out_why(std::move(what), std::move(unmounting), o.socket);
    if (nothing_of(found))
        return client::usage_error(
            to_printable(o.asked) + ": nothing is mounted from it here, and nobody is seen to hold it",
            "name a mount point, a drainfs mount's name, or a device (8:1, /dev/sda1)");
    if (o.json) {
        print_json(document(o.asked, found));
        return exit_code::fine;
    }
    print_head(found);
    print_drainfs(found);
    print_unmounts(found);
    print_below(found);
    print_frozen(found);
    print_holders(found);
    return exit_code::fine;
}

}  // namespace

void declare_why(command& c) {
    auto o = std::make_shared<options>();
    c.about("who holds a mount, and what an unmount of it that is under way waits for", "drainctl why /mnt/a");
    c.positional(
        "DIR|NAME|DEV", o->asked,
        "a mount point (also a former one, while its unmount is under way), a drainfs mount's name or id, a device "
        "(8:1, /dev/sda1); name:, id: and dev: force");
    c.socket(o->socket).json_answer(o->json);
    c.note(
        "Any mount, not only drainfs. It never waits for the mount: it looks at the kernel's tables only. Root sees "
        "more: stacks, other users' "
        "processes.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
