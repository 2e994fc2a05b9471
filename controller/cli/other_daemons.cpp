#include "controller/cli/other_daemons.hpp"

#include "controller/machine/process.hpp"
#include "controller/words/words.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/os/processes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <unistd.h>

namespace drainlab::cli {

using nlohmann::json;

namespace {

/// The words of /proc/PID/cmdline.
std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\0', at), text.size());
        words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::string socket_of(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "--socket" && i + 1 < words.size()) return words[i + 1];
        if (words[i].starts_with("--socket=")) return words[i].substr(9);
    }
    return {};
}

bool is_ours(const std::string& dir) {
    struct stat s {};
    return stat(dir.c_str(), &s) == 0 && s.st_uid == geteuid();
}

other_daemon describe(pid_t pid, const std::vector<std::string>& words) {
    other_daemon d{pid, socket_of(words), {}};
    std::string ignored;
    const auto record =
        d.socket.starts_with('/') ? control::read_state(control::state_path(d.socket), ignored) : std::nullopt;
    if (!record || record->daemon.pid != pid) return d;
    for (const auto& m : record->mounts)
        if (m.who) d.mounts.emplace_back(m.dir, m.name);
    return d;
}

}  // namespace

std::vector<other_daemon> other_daemons(pid_t known, const std::string& proc) {
    std::vector<other_daemon> all;
    for (const pid_t pid : os::processes(proc)) {
        const std::string dir = fmt::format("{}/{}", proc, pid);
        if (pid == known) continue;
        if (machine::read_text(dir + "/comm") != "drainfs\n" || !is_ours(dir)) continue;
        const auto words = words_of(machine::read_text(dir + "/cmdline"));
        if (!words.empty() && !socket_of(words).empty()) all.push_back(describe(pid, words));
    }
    return all;
}

json other_daemons_document(const std::vector<other_daemon>& all) {
    json list = json::array();
    for (const auto& d : all) {
        json mounts = json::array();
        for (const auto& [dir, name] : d.mounts)
            mounts.push_back({{"dir", os::to_printable(dir)}, {"name", os::to_printable(name)}});
        list.push_back({{"pid", d.pid}, {"socket", os::to_printable(d.socket)}, {"mounts", mounts}});
    }
    return list;
}

void print_other_daemons(const std::vector<other_daemon>& all) {
    for (const auto& d : all) {
        std::vector<std::string> dirs;
        for (const auto& [dir, name] : d.mounts) dirs.push_back(os::to_printable(dir));
        fmt::print("another daemon of ours: pid {} on {}{}\n", d.pid, os::to_printable(d.socket),
                   dirs.empty() ? ", no mounts" : ": " + words::join(dirs));
    }
}

}  // namespace drainlab::cli
