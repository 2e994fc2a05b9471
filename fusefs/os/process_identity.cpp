#include "fusefs/os/process_identity.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace drainlab::os {

namespace {

/// The fields of /proc/PID/stat from the third (the state) on; the name before may hold anything.
std::vector<std::string> stat_fields(pid_t pid) {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
    std::ostringstream text;
    text << in.rdbuf();
    const std::string whole = text.str();
    const auto end_of_name = whole.rfind(')');
    std::vector<std::string> fields;
    if (end_of_name == std::string::npos) return fields;
    std::istringstream rest{whole.substr(end_of_name + 1)};
    for (std::string word; rest >> word;) fields.push_back(word);
    return fields;
}

std::uint64_t our_pid_namespace() {
    struct stat st {};
    return ::stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/// Asked once: it stays for as long as the machine runs.
const std::string& boot_id() {
    static const std::string known = [] {
        std::ifstream in{"/proc/sys/kernel/random/boot_id"};
        std::string id;
        std::getline(in, id);
        return id;
    }();
    return known;
}

}  // namespace

std::uint64_t process_start_time(pid_t pid) {
    const auto fields = pid > 0 ? stat_fields(pid) : std::vector<std::string>{};
    if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return 0;
    return std::strtoull(fields[19].c_str(), nullptr, 10);
}

pid_t parent_of_process(pid_t pid) {
    const auto fields = stat_fields(pid);
    return fields.size() < 2 ? 0 : static_cast<pid_t>(std::strtol(fields[1].c_str(), nullptr, 10));
}

process_identity identify_process(pid_t pid) {
    const auto start = process_start_time(pid);
    if (start == 0) return {};
    return {pid, start, our_pid_namespace(), boot_id()};
}

process_identity this_process() { return identify_process(::getpid()); }

std::optional<bool> is_alive(const process_identity& who) {
    if (who.pid <= 0 || who.start_time == 0) return false;
    const auto& here = boot_id();
    if (!who.boot.empty() && !here.empty() && who.boot != here) return false;  // before the machine was started
    const auto space = our_pid_namespace();
    if (space == 0 || (who.pid_namespace != 0 && who.pid_namespace != space)) return std::nullopt;
    return process_start_time(who.pid) == who.start_time;
}

std::string to_word(const process_identity& who) {
    std::ostringstream word;
    word << who.pid << std::hex << '-' << who.start_time << '-' << who.pid_namespace;
    return word.str();
}

process_identity from_name(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return {};
    const char* at = name.data() + prefix.size();
    const char* const end = name.data() + name.size();
    const auto number = [&at, end](auto& into, int base) {
        const auto [stop, error] = std::from_chars(at, end, into, base);
        const bool fine = error == std::errc{} && stop != end && *stop == '-';
        at = fine ? stop + 1 : at;
        return fine;
    };
    process_identity who;
    const bool whole = number(who.pid, 10) && number(who.start_time, 16) && number(who.pid_namespace, 16);
    return whole && who.pid > 0 && who.pid_namespace != 0 ? who : process_identity{};
}

bool send_signal(const process_identity& who, int signal) {
    if (!is_alive(who).value_or(false)) return false;
    const unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, who.pid, 0))};
    // Asked again now that the number can no longer pass on to somebody else.
    if (!process || !is_alive(who).value_or(false)) return false;
    return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0;
}

}  // namespace drainlab::os
