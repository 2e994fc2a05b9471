// drainctl clean [--all]
#include "controller/cli/daemon.hpp"
#include "controller/cli/output.hpp"
#include "controller/client/launch.hpp"
#include "controller/client/leftovers.hpp"
#include "controller/client/mountinfo.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <unistd.h>

namespace drainlab::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct options {
    std::string socket;
    bool all = false, json = false;
};

void clean_all_cgroups(client::cleaned& report) {
    for (const auto& m : client::read_mountinfo())
        if (m.fstype == "cgroup2") report.add(client::clean_cgroups(m.dir));
}

/// Every socket in the directory of `socket` whose daemon is dead, and every dead mount, whoever's it was.
void clean_others(const std::string& socket, client::cleaned& report) {
    const fs::path dir = fs::path(socket).parent_path();
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec)) {
        const std::string path = entry.path().string();
        const bool record = entry.path().extension() == ".state";
        if (entry.path().extension() == ".sock") report.add(client::clean_socket(path));
        if (record) report.add(client::clean_socket(path.substr(0, path.size() - 6) + ".sock"));
    }
    report.add(client::clean_dead_mounts());
}

json document(const client::cleaned& r) {
    return {{"schema", "drainlab.clean/1"}, {"mounts", r.mounts},   {"processes", r.processes},
            {"cgroups", r.cgroups},         {"sockets", r.sockets}, {"directories", r.directories},
            {"problems", r.problems}};
}

void print_text(const client::cleaned& r) {
    const auto each = [](const char* what, const auto& list) {
        for (const auto& one : list) fmt::print("removed {} {}\n", what, one);
    };
    each("mount", r.mounts);
    each("process", r.processes);
    each("cgroup", r.cgroups);
    each("socket", r.sockets);
    each("directory", r.directories);
    if (r.empty() && r.problems.empty()) fmt::print("nothing to clean\n");
    for (const auto& p : r.problems) remark(p);
}

result<exit_code> run(const options& o) {
    BOOST_OUTCOME_TRY(auto socket, client::socket_path(o.socket));
    const bool recorded = access(client::state_beside(socket).c_str(), F_OK) == 0;
    client::cleaned report = client::clean_socket(socket);
    // Without a record nothing tells whose the dead mounts are; with nobody alive on this socket they may be its.
    if (!recorded && client::daemon_is_dead(socket)) report.add(client::clean_dead_mounts());
    report.add(client::clean_private_directories(fs::path(socket).parent_path().string()));
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
    c.flag("--all", o->all, "after all dead daemons of ours, not only the one of this socket");
    c.socket(o->socket).json_answer(o->json);
    c.note("Never touches what a living daemon owns.");
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
