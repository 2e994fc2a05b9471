#include "controller/machine/program.hpp"

#include "controller/machine/child.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <unistd.h>

namespace drainlab::machine {

namespace fs = std::filesystem;

result<std::string> find_program(const std::string& name) {
    std::error_code ec;
    const fs::path self = fs::read_symlink("/proc/self/exe", ec);
    const fs::path beside = self.parent_path() / name;
    if (!ec && access(beside.c_str(), X_OK) == 0) return beside.string();
    const char* path = std::getenv("PATH");
    std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        const fs::path candidate = fs::path(folder) / name;
        if (folder.starts_with('/') && access(candidate.c_str(), X_OK) == 0) return candidate.string();
    }
    if (ec)
        return failure{
            "no_program",
            fmt::format("where {} is cannot be told (/proc/self/exe: {}), and it is not on PATH", name, ec.message()),
            "mount -t proc proc /proc, or set PATH", exit_code::cannot_run, 0};
    return failure{"no_program",
                   fmt::format("the program {} is neither beside {} nor on PATH", name, self.string()),
                   {},
                   exit_code::cannot_run,
                   0};
}

result<program_end> run_program(const std::vector<std::string>& words) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe", errno);
    const os::unique_fd listen{ends[0]};
    os::unique_fd speak{ends[1]};
    birth how{.words = words};
    how.descriptors = {{speak.get(), 1}, {speak.get(), 2}};
    auto started = child::start(how);
    speak.reset();
    if (!started) {
        failure why = started.error();
        why.exit = exit_code::cannot_run;
        return why;
    }
    program_end end;
    char piece[4096];
    for (ssize_t n; (n = read(listen.get(), piece, sizeof piece)) != 0;) {
        if (n > 0) end.output.append(piece, static_cast<std::size_t>(n));
        if (n < 0 && errno != EINTR) break;
    }
    std::optional<int> status;
    while (!(status = started.value().wait(std::chrono::hours(1)))) {}
    end.status = shell_status(*status);
    return end;
}

}  // namespace drainlab::machine
