// drainctl clean [--all]
#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/daemons/leftovers.hpp"
#include "controller/machine/cgroups.hpp"
#include "controller/machine/mountinfo.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <fcntl.h>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace drainlab::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct options {
    std::string socket;
    bool all = false, json = false;
};

void clean_all_cgroups(daemons::cleaned& report) {
    for (const auto& m : machine::read_mountinfo())
        if (m.fstype == "cgroup2") {
            auto done = machine::clean_cgroups(m.dir);
            report.add({{}, {}, done.cgroups, {}, done.processes, done.problems});
        }
}

/// After every daemon of ours in the directory of `socket` that is dead, and every dead mount, whoever's it was.
void clean_others(const std::string& socket, daemons::cleaned& report) {
    const fs::path dir = fs::path(socket).parent_path();
    std::set<std::string> sockets;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec)) {
        const auto ending = entry.path().extension();
        if (ending != ".sock" && ending != ".state" && ending != ".life") continue;
        struct statx s {};  // whatever else lies here, a mount of a daemon that is stopped, is not asked
        if (statx(AT_FDCWD, entry.path().c_str(), AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_UID, &s) == 0 &&
            s.stx_uid == geteuid())
            sockets.insert(fs::path(entry.path()).replace_extension(".sock").string());
    }
    for (const auto& one : sockets)
        if (one != socket) report.add(daemons::clean_socket(one));
    report.add(daemons::clean_dead_mounts());
}

std::vector<std::string> shown(const std::vector<std::string>& names) {
    std::vector<std::string> all;
    for (const auto& name : names) all.push_back(os::to_printable(name));
    return all;
}

json document(const daemons::cleaned& r) {
    return {{"schema", "drainlab.clean/1"}, {"mounts", shown(r.mounts)},   {"processes", r.processes},
            {"cgroups", shown(r.cgroups)},  {"sockets", shown(r.sockets)}, {"directories", shown(r.directories)},
            {"problems", r.problems}};
}

void print_text(const daemons::cleaned& r) {
    const auto each = [](const char* what, const auto& list) {
        for (const auto& one : list) fmt::print("removed {} {}\n", what, one);
    };
    each("mount", shown(r.mounts));
    each("process", r.processes);
    each("cgroup", shown(r.cgroups));
    each("socket", shown(r.sockets));
    each("directory", shown(r.directories));
    if (r.empty() && r.problems.empty()) fmt::print("nothing to clean\n");
    for (const auto& p : r.problems) remark(p);
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto socket, daemons::socket_path(o.socket));
    daemons::cleaned report = daemons::clean_socket(socket);
    report.add(daemons::clean_private_directories(fs::path(socket).parent_path().string()));
    clean_all_cgroups(report);
    if (o.all) clean_others(socket, report);
    if (o.json)
        print_json(document(report));
    else
        print_text(report);
    return report.problems.empty() ? exit_code::fine : exit_code::broken;
}

}  // namespace

void declare_clean(command& c) {
    auto o = std::make_shared<options>();
    c.about("remove what a dead daemon left: mounts, processes, cgroups, sockets", "drainctl clean --all");
    c.flag("--all", o->all, "after all dead daemons of ours beside this socket, and all dead drainfs mounts");
    c.socket(o->socket).json_answer(o->json);
    c.note(
        "Takes away only what the dead daemon's record names and what is found by its identity, with a connection that "
        "is over; --all every "
        "drainfs mount of this mount namespace whose connection is over. Never touches what a living daemon owns.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
