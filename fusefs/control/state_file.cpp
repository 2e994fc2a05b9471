#include "fusefs/control/state_file.hpp"

#include "fusefs/gate/calls.hpp"
#include "fusefs/gate/device.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <unistd.h>

namespace drainlab::control {

using nlohmann::json;

std::string state_path(const std::string& socket) {
    constexpr std::string_view ending = ".sock";
    const bool usual = socket.size() > ending.size() && socket.ends_with(ending);
    return (usual ? socket.substr(0, socket.size() - ending.size()) : socket) + ".state";
}

std::string state_to_json(const daemon_state& s) {
    json mounts = json::array();
    for (const auto& m : s.mounts)
        mounts.push_back({{"dir", m.dir}, {"dev", m.dev ? json(gate::device_text(*m.dev)) : json()}, {"name", m.name}});
    const json whole{{"pid", s.pid},
                     {"start_time", s.start_time},
                     {"mount_namespace", s.mount_namespace},
                     {"gate_pid", s.gate_pid ? json(s.gate_pid) : json()},
                     {"mounts", mounts}};
    return whole.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<daemon_state> state_from_json(const std::string& text) try {
    const json whole = json::parse(text);
    daemon_state s;
    s.pid = whole.at("pid").get<pid_t>();
    s.start_time = whole.at("start_time").get<std::uint64_t>();
    s.mount_namespace = whole.at("mount_namespace").get<std::uint64_t>();
    if (!whole.at("gate_pid").is_null()) s.gate_pid = whole.at("gate_pid").get<pid_t>();
    for (const auto& m : whole.at("mounts")) {
        owned_mount one{m.at("dir").get<std::string>(), m.at("name").get<std::string>()};
        if (!m.at("dev").is_null()) one.dev = gate::parse_device(m.at("dev").get<std::string>());
        s.mounts.push_back(std::move(one));
    }
    return s;
} catch (const json::exception&) { return std::nullopt; }

bool write_state(const std::string& path, const daemon_state& s) {
    const std::string text = state_to_json(s), fresh = path + ".new";
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(fd);
    if (written && rename(fresh.c_str(), path.c_str()) == 0) return true;
    const int error = errno;
    unlink(fresh.c_str());
    errno = error;
    return false;
}

std::optional<daemon_state> read_state(const std::string& path) {
    std::ifstream in{path};
    if (!in) return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    return state_from_json(text.str());
}

std::uint64_t process_start_time(pid_t pid) {
    std::ifstream in{fmt::format("/proc/{}/stat", pid)};
    std::string text;
    if (!std::getline(in, text)) return 0;
    const auto end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return 0;
    std::istringstream rest{text.substr(end_of_name + 1)};
    std::string word;
    rest >> word;
    if (word == "Z" || word == "X") return 0;  // ended; only its parent has not looked yet
    for (int field = 4; field <= 22; ++field) rest >> word;
    return std::strtoull(word.c_str(), nullptr, 10);
}

bool process_is_alive(pid_t pid, std::uint64_t start_time) {
    return pid > 0 && start_time != 0 && process_start_time(pid) == start_time;
}

namespace {

/// The gate ends with its daemon; one that did not is ended here, if it is still that program.
void end_gate(pid_t pid, std::vector<std::string>& said) {
    if (pid <= 0) return;
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) return;
    std::ifstream in{fmt::format("/proc/{}/comm", pid)};
    std::string comm;
    std::getline(in, comm);
    const bool alive = process_start_time(pid) != 0;  // not merely unreaped
    if (comm == "drainfs-gate" && alive && syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0) == 0)
        said.push_back(fmt::format("ended drainfs-gate (pid {})", pid));
    close(process);
}

/// A mount that was only about to be made has no dev in the record: ours only if its daemon is dead. Asks without waiting for anybody:
/// a dead connection answers ENOTCONN at once, and a living one is not asked (AT_STATX_DONT_SYNC is answered from memory).
bool is_dead_connection(const std::string& dir) {
    const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) close(fd);
    return fd < 0 && errno == ENOTCONN;
}

}  // namespace

std::vector<std::string> clean_up_after(const daemon_state& s) {
    std::vector<std::string> said;
    if (process_is_alive(s.pid, s.start_time)) return said;
    end_gate(s.gate_pid, said);
    struct stat ns {};
    if (stat("/proc/self/ns/mnt", &ns) != 0 || ns.st_ino != s.mount_namespace)
        return said;  // its mounts are not ours to see
    for (const auto& line : os::read_mountinfo()) {
        if (line.fstype != "fuse.drainfs") continue;
        for (const auto& m : s.mounts) {
            if (m.dir != line.dir || (m.dev ? *m.dev != line.device() : !is_dead_connection(line.dir))) continue;
            gate::request lazily;
            lazily.flags = gate::flag_lazy;
            lazily.path = line.dir;
            const int error = gate::call_umount(lazily);
            said.push_back(error == 0 ? fmt::format("unmounted {} (left by dead daemon {})", line.dir, s.pid)
                                      : fmt::format("cannot unmount {} (left by dead daemon {}): {}", line.dir, s.pid,
                                                    std::strerror(error)));
            break;
        }
    }
    return said;
}

}  // namespace drainlab::control
