#include "controller/daemons/leftovers.hpp"

#include "controller/daemons/launch.hpp"
#include "controller/machine/cgroups.hpp"
#include "controller/machine/unmount.hpp"
#include "fusefs/control/leftovers.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/own_file.hpp"
#include "fusefs/os/printable.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace drainlab::daemons {

namespace fs = std::filesystem;
using os::to_printable;
using std::chrono::milliseconds;

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// Empty, or why not.
std::string detach(const std::string& dir) {
    const auto done = machine::unmount(dir, machine::unmount_kind::lazy, milliseconds(5'000));
    if (!done) return done.error().message;
    if (!done.value().finished) return "still waiting";
    if (done.value().error == 0) return {};
    return done.value().said.empty() ? std::strerror(done.value().error) : done.value().said;
}

void remove_file(const std::string& path, std::vector<std::string>* note, cleaned& report) {
    if (unlink(path.c_str()) == 0) {
        if (note) note->push_back(path);
    } else if (errno != ENOENT) {
        report.problems.push_back(system_failure("cannot remove " + to_printable(path), errno).message);
    }
}

}  // namespace

void cleaned::add(cleaned other) {
    append(mounts, other.mounts);
    append(sockets, other.sockets);
    append(cgroups, other.cgroups);
    append(directories, other.directories);
    append(processes, other.processes);
    append(problems, other.problems);
}

bool daemon_is_dead(const std::string& socket) { return control::daemon_is_dead(socket); }

cleaned clean_socket(const std::string& socket) {
    cleaned report;
    if (const auto why = os::why_not_ours(socket); !why.empty()) {
        report.problems.push_back("nothing is cleaned up after " + to_printable(socket) + ": " + to_printable(why));
        return report;
    }
    const auto lock = lock_socket(socket);  // nobody starts one meanwhile
    if (!lock) {
        report.problems.push_back(lock.error().message);
        return report;
    }
    if (!daemon_is_dead(socket)) return report;
    std::string why;
    const auto record = control::read_state(control::state_path(socket), why);
    if (!why.empty()) {
        report.problems.push_back("not believed: " + to_printable(why));
        return report;
    }
    auto done = record ? control::remove_leftovers(*record, detach) : control::clean_up{};
    append(report.mounts, done.mounts);
    append(report.processes, done.processes);
    append(report.problems, done.problems);
    remove_file(socket, &report.sockets, report);
    if (done.record_is_needed) return report;
    remove_file(control::state_path(socket), nullptr, report);
    remove_file(control::life_path(socket), nullptr, report);
    return report;
}

cleaned clean_dead_mounts() {
    cleaned report;
    auto table = os::read_mountinfo();
    std::reverse(table.begin(), table.end());  // the topmost first
    for (const auto& m : table) {
        if (!m.ours() || !os::connection_is_dead(m)) continue;
        if (const auto why = detach(m.dir); why.empty())
            report.mounts.push_back(m.dir);
        else
            report.problems.push_back("cannot unmount " + to_printable(m.dir) + ": " + why);
    }
    return report;
}

cleaned clean_private_directories(const std::string& dir) {
    cleaned report;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec)) {
        struct stat s {};
        if (!machine::maker_is_dead(entry.path().filename().string(), "p-")) continue;
        if (lstat(entry.path().c_str(), &s) != 0 || !S_ISDIR(s.st_mode) || s.st_uid != geteuid()) continue;
        const std::string socket = (entry.path() / "d.sock").string();
        if (!daemon_is_dead(socket)) continue;  // it is still taking leave
        report.add(clean_socket(socket));
        if (remove_private_directory(entry.path().string()))
            report.directories.push_back(entry.path().string());
        else
            report.problems.push_back("cannot remove " + to_printable(entry.path().string()) +
                                      ": something in it is still mounted");
    }
    return report;
}

}  // namespace drainlab::daemons
