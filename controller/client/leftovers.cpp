#include "controller/client/leftovers.hpp"

#include "controller/client/client.hpp"
#include "controller/client/launch.hpp"
#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"
#include "controller/client/unmount.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace drainlab::client {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

json record_of(const std::string& socket) {
    json record = json::parse(read_text(state_beside(socket)), nullptr, false);
    return record.is_object() ? record : json::object();
}

/// Whether the process a record names is still the same one.
bool lives(const json& record) {
    const auto pid = record.value("pid", json());
    if (!pid.is_number_integer()) return false;
    const auto now = start_time(pid.get<pid_t>());
    const auto then = record.value("start_time", json());
    return now && (!then.is_number_unsigned() || then.get<std::uint64_t>() == *now);
}

/// The process in a name like `drainlab-123-burner` or `private-123-XyZ`.
pid_t pid_in(const std::string& name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return -1;
    pid_t pid = -1;
    const char* begin = name.data() + prefix.size();
    const auto [end, error] = std::from_chars(begin, name.data() + name.size(), pid);
    return error == std::errc{} && *end == '-' ? pid : -1;
}

void end_gate(const json& record, cleaned& report) {
    const auto gate = record.value("gate_pid", json());
    if (!gate.is_number_integer() || gate.get<pid_t>() <= 1) return;
    const auto pid = gate.get<pid_t>();
    std::string name = read_text(fmt::format("/proc/{}/comm", pid));
    const bool alive = start_time(pid).has_value();  // not merely unreaped
    if (name != "drainfs-gate\n" || !alive || kill(pid, SIGKILL) != 0) return;
    report.processes.push_back(pid);
}

void clean_mounts_of(const json& record, cleaned& report) {
    const auto mounts = record.value("mounts", json::array());
    const auto table = read_mountinfo();
    for (const auto& recorded : mounts) {
        if (!recorded.is_object() || !recorded.contains("dir") || !recorded["dir"].is_string()) continue;
        const auto dir = recorded["dir"].get<std::string>();
        const auto dev = recorded.value("dev", json());
        const auto there = mount_at(table, dir);
        if (!there || !there->ours() || (dev.is_string() && dev.get<std::string>() != there->dev())) continue;
        detach_dead(dir, report);
    }
}

void remove_file(const std::string& path, std::vector<std::string>* note, cleaned& report) {
    if (unlink(path.c_str()) == 0) {
        if (note) note->push_back(path);
    } else if (errno != ENOENT) {
        report.problems.push_back(system_failure("cannot remove " + path, errno).message);
    }
}

/// Kills the processes of a cgroup (by cgroup.kill, or one by one) and removes its tree, the leaves first.
void remove_cgroup(const fs::path& dir, cleaned& report) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec))
        if (entry.is_directory(ec)) remove_cgroup(entry.path(), report);
    std::ifstream procs(dir / "cgroup.procs");
    for (pid_t pid = 0; procs >> pid;)
        if (pid > 1 && pid != getpid() && kill(pid, SIGKILL) == 0) {
            report.processes.push_back(pid);
            wait_gone(pid, milliseconds(2'000));
        }
    if (rmdir(dir.c_str()) == 0)
        report.cgroups.push_back(dir.string());
    else if (errno != ENOENT)
        report.problems.push_back(system_failure("cannot remove " + dir.string(), errno).message);
}

bool process_gone(pid_t pid) { return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace

void cleaned::add(cleaned other) {
    append(mounts, other.mounts);
    append(sockets, other.sockets);
    append(cgroups, other.cgroups);
    append(directories, other.directories);
    append(processes, other.processes);
    append(problems, other.problems);
}

bool daemon_is_dead(const std::string& socket) {
    if (lives(record_of(socket))) return false;
    return !blocking_client(socket).answers();
}

bool detach_dead(const std::string& dir, cleaned& report) {
    const auto done = unmount(dir, unmount_kind::lazy, milliseconds(5'000));
    if (done && done.value().finished && done.value().error == 0) {
        report.mounts.push_back(dir);
        return true;
    }
    std::string why = !done                    ? done.error().message
                      : !done.value().finished ? "still waiting"
                                               : std::strerror(done.value().error);
    if (done && !done.value().said.empty()) why = done.value().said;
    report.problems.push_back("cannot unmount " + dir + ": " + why);
    return false;
}

cleaned clean_socket(const std::string& socket) {
    cleaned report;
    const auto lock = lock_socket(socket);  // nobody starts one meanwhile
    if (!lock) {
        report.problems.push_back(lock.error().message);
        return report;
    }
    if (!daemon_is_dead(socket)) return report;
    const json record = record_of(socket);
    end_gate(record, report);
    clean_mounts_of(record, report);
    remove_file(socket, &report.sockets, report);
    remove_file(state_beside(socket), nullptr, report);
    return report;
}

bool connection_is_dead(const std::string& dir) {
    const pid_t child = fork();  // asking may wait for the daemon
    if (child < 0) return false;
    if (child == 0) {
        struct statfs s {};
        _exit(statfs(dir.c_str(), &s) != 0 && errno == ENOTCONN ? 1 : 0);
    }
    if (const auto status = wait_child(child, milliseconds(2'000))) return shell_status(*status) == 1;
    kill(child, SIGKILL);
    wait_child(child, milliseconds(2'000));
    return false;
}

cleaned clean_dead_mounts() {
    cleaned report;
    auto table = read_mountinfo();
    std::reverse(table.begin(), table.end());  // the topmost first
    for (const auto& m : table) {
        if (m.ours() && connection_is_dead(m.dir)) detach_dead(m.dir, report);
    }
    return report;
}

cleaned clean_cgroups(const std::string& root) {
    cleaned report;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(root, fs::directory_options::skip_permission_denied, ec))
        if (entry.is_directory(ec) && process_gone(pid_in(entry.path().filename().string(), "drainlab-")))
            remove_cgroup(entry.path(), report);
    return report;
}

cleaned clean_private_directories(const std::string& dir) {
    cleaned report;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(dir, ec)) {
        if (!process_gone(pid_in(entry.path().filename().string(), "private-"))) continue;
        const std::string socket = (entry.path() / "drainfs.sock").string();
        if (!daemon_is_dead(socket)) continue;  // it is still taking leave
        report.add(clean_socket(socket));
        if (remove_private_directory(entry.path().string()))
            report.directories.push_back(entry.path().string());
        else
            report.problems.push_back("cannot remove " + entry.path().string() + ": something in it is still mounted");
    }
    return report;
}

}  // namespace drainlab::client
