#include "controller/lab/machine.hpp"

#include "controller/lab/files.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace drainlab::lab {

using client::result;
using clock = std::chrono::steady_clock;

namespace {

/// In a process group of its own, so that Ctrl-C is ours to handle; it dies with its parent.
result<machine::child> start(const std::vector<std::string>& words, const std::string& log) {
    const os::unique_fd out{open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (!out) return client::system_failure(log, errno);
    machine::birth how{.words = words};
    how.descriptors = {{out.get(), 1}, {out.get(), 2}};
    how.dies_with_us = true;
    return machine::child::start(how);
}

/// User and system time of a process, s.
double cpu_seconds(pid_t pid) {
    const auto text = machine::read_text(fmt::format("/proc/{}/stat", pid));
    const auto behind_name = text.rfind(')');
    if (behind_name == std::string::npos) return 0.0;
    std::istringstream fields(text.substr(behind_name + 2));
    std::string skipped;
    for (int i = 3; i < 14; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// Whole lines as they come in a growing file.
class line_reader {
  public:
    explicit line_reader(std::string path) : path_(std::move(path)) {}
    ~line_reader() {
        if (fd_ >= 0) close(fd_);
    }
    line_reader(const line_reader&) = delete;
    line_reader& operator=(const line_reader&) = delete;

    template <class Take>
    void read_on(Take take) {
        if (fd_ < 0) fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
        char piece[65536];
        for (ssize_t n = 0; fd_ >= 0 && (n = read(fd_, piece, sizeof piece)) > 0;) {
            pending_.append(piece, static_cast<std::size_t>(n));
            for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
                take(pending_.substr(0, end));
                pending_.erase(0, end + 1);
            }
        }
    }

  private:
    std::string path_, pending_;
    int fd_ = -1;
};

class watched {
  public:
    watched(machine::child qemu, const machine_order& order, const patience& limits)
        : qemu_(std::move(qemu)),
          order_(order),
          limits_(limits),
          scratch_(std::filesystem::path(order.protocol).parent_path().string()) {}
    ~watched() { end(); }
    watched(const watched&) = delete;
    watched& operator=(const watched&) = delete;

    machine_end run(const std::function<void(const message&)>& take, const std::function<bool()>& stop) {
        line_reader protocol(order_.protocol);
        const auto read_on = [&] { protocol.read_on([&](const std::string& line) { heard(line, take); }); };
        while (!made_.said_bye && made_.why.empty()) {
            if (stop()) {
                made_.stopped = true;
                break;
            }
            read_on();
            const auto spent = cpu_seconds(qemu_.pid());
            if (spent > 0) made_.cpu_s = spent;
            if (const auto status = qemu_.wait(std::chrono::milliseconds(50))) {
                read_on();
                if (!made_.said_bye && made_.why.empty()) made_.why = ended(*status);
                break;
            }
            if (made_.why.empty()) made_.why = too_long(made_.cpu_s);
            if (made_.why.empty() && disk_full(scratch_))
                made_.why = "the disk of " + scratch_ + " is full: what the guest says would be lost";
        }
        end();
        made_.console = machine::read_text(order_.console);
        return made_;
    }

  private:
    void heard(const std::string& line, const std::function<void(const message&)>& take) {
        const auto m = parse_message(line);
        if (!m) return;
        last_word_cpu_ = made_.cpu_s;
        last_word_ = clock::now();
        if (std::holds_alternative<hello>(*m)) made_.said_hello = true;
        if (std::holds_alternative<bye>(*m)) made_.said_bye = true;
        if (const auto* e = std::get_if<error_told>(&*m)) made_.why = "the guest gives up: " + e->text;
        take(*m);
    }

    std::string ended(int status) const {
        const auto code = machine::shell_status(status);
        const auto log = machine::read_text(order_.console + ".qemu");
        if (!log.empty()) return fmt::format("QEMU says: {}", log.substr(0, log.find('\n')));
        return made_.said_hello ? "the guest ended before it was done"
                                : fmt::format("the guest ended (status {}) before its first word", code);
    }

    std::string too_long(double cpu_s) const {
        const auto spent = cpu_s - last_word_cpu_;
        const auto wall = std::chrono::duration<double>(clock::now() - last_word_).count();
        if (!made_.said_hello) {
            if (order_.accel == accelerator::kvm && wall > limits_.kvm_hello_s)
                return fmt::format("KVM is there, but no word from the guest in {:.0f} s", wall);
            if (spent > limits_.hello_s) return fmt::format("no word from the guest after {:.0f} s of CPU time", spent);
        } else if (spent > limits_.step_s) {
            return fmt::format("the guest hangs: no word for {:.0f} s of CPU time", spent);
        }
        // Without any CPU time: stopped, or the host gives it none.
        if (wall > 600 + 20 * limits_.step_s) return fmt::format("no word from the guest for {:.0f} s", wall);
        return {};
    }

    void end() {
        // After its last word it ends by itself, at once.
        if (made_.said_bye && qemu_.wait(std::chrono::seconds(2))) return;
        qemu_.send(SIGKILL);
        qemu_.wait(std::chrono::seconds(60));
    }

    machine::child qemu_;
    const machine_order& order_;
    const patience& limits_;
    const std::string scratch_;
    machine_end made_;
    double last_word_cpu_ = 0.0;
    clock::time_point last_word_ = clock::now();
};

std::string without_return(std::string line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

}  // namespace

result<machine_end> run_machine(const qemu& q, const machine_order& order, const patience& limits,
                                const std::function<void(const message&)>& take, const std::function<bool()>& stop) {
    BOOST_OUTCOME_TRY(auto qemu, start(command_of(q, order), order.console + ".qemu"));
    return watched(std::move(qemu), order, limits).run(take, stop);
}

std::string telling_line(const std::string& console) {
    std::istringstream lines(console);
    std::string last, told;
    for (std::string line; std::getline(lines, line);) {
        line = without_return(line);
        if (line.empty() || line.find("reboot: Restarting") != std::string::npos) continue;
        last = line;
        for (const auto* sign : {"Kernel panic", "BUG:", "kernel BUG at", "Oops:", "Out of memory",
                                 "rcu_preempt self-detected", "blocked for more than"})
            if (told.empty() && line.find(sign) != std::string::npos) told = line;
    }
    return told.empty() ? last : told;
}

std::string busy_inodes_line(const std::string& console) {
    const auto at = console.find("VFS: Busy inodes after unmount");
    if (at == std::string::npos) return {};
    return without_return(console.substr(at, console.find('\n', at) - at));
}

}  // namespace drainlab::lab
