// drainctl fault WHICH add|list|clear|release
#include "controller/cli/daemon.hpp"
#include "controller/cli/fault_output.hpp"
#include "controller/cli/fault_rule.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/which_mount.hpp"
#include "fusefs/fault/operation.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

namespace {

struct options {
    std::string which, action, socket;
    fault_options rule;
    double probability = 1;
    bool json = false;
};

std::vector<std::string> operations() {
    std::vector<std::string> words{"any"};
    words.insert(words.end(), fault::operation_words.begin(), fault::operation_words.end());
    return words;
}

result<void> check(const options& o) {
    fault_options others = o.rule;
    others.name.reset();
    if (o.action != "add" && !fault_rule(others).empty())
        return client::usage_error(fmt::format("fault {}: only --name says which", o.action),
                                   "what a fault is like is said to `add`");
    if (o.action == "power-cut" && o.rule.name)
        return client::usage_error("fault power-cut: it has no name", "what was not synced is lost in all files");
    if (o.action == "add" && fault_rule(others).empty())
        return client::usage_error("fault add: what is to happen?",
                                   "one of --delay T, --hang, --errno E, --torn-write N, --drop-fsync");
    return client::success();
}

/// Prints all of the mount's faults, as they are now.
result<exit_code> show(const options& o, const client::blocking_client& daemon, const std::string& target,
                       const json& mount, json extra = json::object()) {
    BOOST_OUTCOME_TRY(auto answer, daemon.get(target));
    json faults = json::array();
    for (const auto& f : answer.value("faults", json::array()))
        if (!o.rule.name || f.value("name", "") == *o.rule.name) faults.push_back(f);
    if (o.rule.name && faults.empty() && o.action == "list")
        return client::usage_error(fmt::format("there is no fault {}", *o.rule.name));
    if (o.json) {
        extra["schema"] = "drainlab.fault/1";
        extra["mount"] = {{"id", mount.value("id", json())},
                          {"name", mount.value("name", json())},
                          {"dir", mount.value("dir", json())}};
        extra["faults"] = faults;
        print_json(extra);
    } else {
        print_faults(faults);
    }
    return exit_code::fine;
}

result<exit_code> add(const options& o, const client::blocking_client& daemon, const std::string& target,
                      const json& mount) {
    BOOST_OUTCOME_TRY(auto made, daemon.post(target, fault_rule(o.rule)));
    if (!o.json) {
        fmt::print("{}\n", made.value("name", "?"));
        return exit_code::fine;
    }
    options of_it = o;
    of_it.rule.name = made.value("name", "");
    return show(of_it, daemon, target, mount);
}

result<exit_code> cut_power(const options& o, const client::blocking_client& daemon, const json& mount) {
    BOOST_OUTCOME_TRY(auto cut, daemon.post("/mounts/" + id_of(mount) + "/power_cut", json::object()));
    if (o.json) {
        cut["schema"] = "drainlab.power_cut/1";
        cut["mount"] = {{"id", mount.value("id", json())},
                        {"name", mount.value("name", json())},
                        {"dir", mount.value("dir", json())}};
        print_json(cut);
        return exit_code::fine;
    }
    for (const auto& f : cut.value("files", json::array()))
        fmt::print("lost: {} bytes of {}\n", f.value("bytes", 0ull), f.value("path", "?"));
    fmt::print("power cut: {} bytes that nobody had synced are gone\n", cut.value("dropped_bytes", 0ull));
    return exit_code::fine;
}

result<exit_code> run(options& o) {
    BOOST_OUTCOME_TRY(check(o));
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(o.socket));
    BOOST_OUTCOME_TRY(auto all, ask(daemon, "/mounts"));
    BOOST_OUTCOME_TRY(auto mount, which_mount(all.value("mounts", json::array()), o.which));
    const std::string target = "/mounts/" + id_of(mount) + "/faults";
    if (o.action == "power-cut") return cut_power(o, daemon, mount);
    if (o.action == "add") return add(o, daemon, target, mount);
    if (o.action == "list") return show(o, daemon, target, mount);
    json body = json::object();
    if (o.rule.name) body["name"] = *o.rule.name;
    BOOST_OUTCOME_TRY(auto done, o.action == "release" ? daemon.post(target + "/release", body)
                                                       : daemon.del(target + (o.rule.name ? "/" + *o.rule.name : "")));
    if (o.json) {
        options rest = o;
        rest.rule.name.reset();
        return show(rest, daemon, target, mount, done);
    }
    for (const auto& [what, count] : done.items()) fmt::print("{} {}\n", what, count.dump());
    return exit_code::fine;
}

}  // namespace

void declare_fault(command& c) {
    auto o = std::make_shared<options>();
    c.about("make operations on a mount slow, fail, hang, or be done by half",
            "drainctl fault /mnt/a add --op write --path '*.log' --errno ENOSPC --times 1");
    c.positional("WHICH", o->which, "a mount's directory, name, id or MAJ:MIN");
    c.positional(
         "ACTION", o->action,
         "add one, list what was asked and what was observed, clear, or release what hangs; power-cut: what was "
         "not synced is lost, on a mount made with --lose-unsynced")
        .one_of({"add", "list", "clear", "release", "power-cut"});
    c.list("--op", o->rule.ops,
           "which operations (default any that has a caller; write for --torn-write, fsync and fsyncdir for "
           "--drop-fsync)")
        .one_of(operations());
    c.option("--path", o->rule.path,
             "only files whose path from the mount's root matches this glob (`*` matches / too)");
    c.option("--delay", o->rule.delay, "answer that much later, at most 60s");
    c.flag("--hang", o->rule.hang, "do not answer until `release`, a signal, or --limit");
    c.option("--limit", o->rule.limit, "--hang: never longer than this (default 30s), at most 60s");
    c.option("--errno", o->rule.error, "fail with this error, after --delay or --hang if given");
    c.option("--torn-write", o->rule.torn_write,
             "only the first N bytes of a write reach the file; the caller is told that all did (or --errno)", 0,
             1 << 30);
    c.flag("--drop-fsync", o->rule.drop_fsync, "say that fsync was done, and do nothing");
    c.option("--probability", o->probability, "of each that matches", 0, 1);
    c.option("--seed", o->rule.seed, "the same seed strikes the same operations again");
    c.option("--times", o->rule.times, "only so many, then no more");
    c.option("--after", o->rule.after, "let so many pass first");
    c.option("--pid", o->rule.pid, "only of this process", 1, 1 << 22);
    c.option("--cgroup", o->rule.cgroup, "only of this cgroup v2 and those below it");
    c.option("--name", o->rule.name, "add: how it is called (default made up); else: only this one");
    c.socket(o->socket).json_answer(o->json);
    c.note(
        "What the kernel answers from its cache is no operation. A hang ends with a signal to the caller, with "
        "`release`, at its limit and "
        "with the mount; `drainctl umount --force` always works. STATFS of the gate is never touched.");
    c.note("The same in one word: drainctl mount --fault op=write,errno=ENOSPC, mount -o 'fault=\"op=open,hang=5s\"'.");
    c.run([o] {
        if (o->probability < 1) o->rule.probability = o->probability;
        return run(*o);
    });
}

}  // namespace drainlab::cli
