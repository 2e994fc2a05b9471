#include "tests/system/gate/daemon.hpp"

#include <nlohmann/json.hpp>

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace gate_test {
namespace {

using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void cannot_run(const std::string& why) {
    std::printf("skipped: %s\n", why.c_str());
    std::fflush(stdout);
    _exit(77);
}

/// waitpid() with a limit; nothing in `status` and false when it is over.
bool wait_for(pid_t pid, milliseconds limit, int& status) {
    const auto until = steady::now() + limit;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (steady::now() > until) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(steady::now().time_since_epoch()).count();
}

test_daemon::test_daemon() {
    const int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fuse < 0) cannot_run("/dev/fuse cannot be opened");
    close(fuse);
    char path[] = "/tmp/drainlab-gate-XXXXXX";
    if (!mkdtemp(path)) cannot_run("no temporary directory");
    dir_ = path;
    socket_ = dir_ + "/d.sock";
    start();
}

void test_daemon::start() {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
    pid_ = fork();
    if (pid_ == 0) {
        setsid();
        const int log = open((dir_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, 1);
        dup2(log, 2);
        dup2(ready[1], 9);
        execl(DRAINLAB_BIN "/drainfs", "drainfs", "--socket", socket_.c_str(), "--linger", "0", "--profile", "zero",
              "--ready-fd", "9", static_cast<char*>(nullptr));
        _exit(127);
    }
    close(ready[1]);
    char line[512]{};
    const auto got = read(ready[0], line, sizeof line - 1);
    close(ready[0]);
    if (got <= 0 || std::strncmp(line, "ready", 5) != 0)
        throw std::runtime_error{std::string{"drainfs did not start: "} + line};
    if (request("GET", "/health").find("\"umount_wait\":\"gate\"") == std::string::npos) {
        kill(pid_, SIGTERM);
        wait_for_end(5s);
        cannot_run("there is no gate here: " + request("GET", "/health"));
    }
}

test_daemon::~test_daemon() {
    if (pid_ > 0) {
        kill(pid_, SIGCONT);
        kill(pid_, SIGTERM);
        if (wait_for_end(8s) == -1) {
            kill(pid_, SIGKILL);
            wait_for_end(5s);
        }
    }
    // Whatever a failed test left mounted.
    std::ifstream mounts{"/proc/self/mounts"};
    for (std::string source, where; mounts >> source >> where; mounts.ignore(4096, '\n'))
        if (where.starts_with(dir_)) umount2(where.c_str(), MNT_DETACH);
    (void)run({"rm", "-rf", "--one-file-system", dir_});
}

int test_daemon::wait_for_end(milliseconds limit) {
    int status = -1;
    if (pid_ <= 0 || !wait_for(pid_, limit, status)) return -1;
    pid_ = -1;
    return status;
}

std::string test_daemon::request(const std::string& method, const std::string& path, const std::string& body,
                                 int* status) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
    std::string answer;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
        std::ostringstream out;
        out << method << ' ' << path
            << " HTTP/1.1\r\nHost: drainfs\r\nConnection: close\r\nContent-Length: " << body.size() << "\r\n\r\n"
            << body;
        const std::string text = out.str();
        if (write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
            char buffer[65536];
            for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;)
                answer.append(buffer, static_cast<std::size_t>(got));
        }
    }
    close(fd);
    if (status) *status = answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
    const auto end_of_head = answer.find("\r\n\r\n");
    return end_of_head == std::string::npos ? "" : answer.substr(end_of_head + 4);
}

pid_t test_daemon::gate_pid() {
    const auto health = nlohmann::json::parse(request("GET", "/health"));
    return health.at("gate_pid").is_null() ? -1 : health.at("gate_pid").get<pid_t>();
}

std::string test_daemon::mount(const std::string& name, milliseconds delay) {
    const std::string where = dir_ + "/" + name;
    mkdir(where.c_str(), 0755);
    int status = 0;
    const nlohmann::json body{{"dir", where}, {"name", name}, {"umount_delay_ms", delay.count()}};
    const std::string answer = request("POST", "/mounts", body.dump(), &status);
    if (status != 201) throw std::runtime_error{"cannot mount " + where + ": " + answer};
    return where;
}

mount_facts test_daemon::facts(const std::string& name) {
    const auto m = nlohmann::json::parse(request("GET", "/mounts/" + name));
    mount_facts f;
    f.state = m.at("state").get<std::string>();
    f.umount_wait = m.at("umount_wait").get<std::string>();
    const auto phase = [&](const char* p) {
        const auto& v = m.at("phases_ns").at(p);
        return v.is_null() ? 0 : v.get<std::int64_t>();
    };
    f.detached = phase("detached");
    f.drain_begins = phase("drain_begins");
    f.drained = phase("drained");
    f.dead = phase("dead");
    f.violations = m.at("violations").size();
    return f;
}

mount_facts test_daemon::wait(const std::string& name, const std::string& phase) {
    request("GET", "/mounts/" + name + "/wait?state=" + phase + "&timeout_ms=20000");
    return facts(name);
}

outcome run(const std::vector<std::string>& command) {
    const auto begin = steady::now();
    const pid_t pid = fork();
    if (pid == 0) {
        std::vector<char*> arguments;
        for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    int status = 0;
    if (!wait_for(pid, 40s, status)) return {-1, 40s};
    return {code_of(status), std::chrono::duration_cast<milliseconds>(steady::now() - begin)};
}

outcome run_umount2(const std::string& dir, int flags) {
    const auto begin = steady::now();
    const pid_t pid = fork();
    if (pid == 0) _exit(umount2(dir.c_str(), flags) == 0 ? 0 : errno);
    int status = 0;
    if (!wait_for(pid, 40s, status)) return {-1, 40s};
    return {code_of(status), std::chrono::duration_cast<milliseconds>(steady::now() - begin)};
}

child::child(const std::function<void()>& body) : pid_{fork()} {
    if (pid_ != 0) return;
    body();
    _exit(0);
}
child::~child() { kill_now(); }
void child::kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    int status;
    wait_for(std::exchange(pid_, -1), 10s, status);
}

bool anyone_stuck(const std::string& text) {
    DIR* const proc = opendir("/proc");
    bool stuck = false;
    while (const dirent* entry = readdir(proc)) {
        const std::string base = std::string{"/proc/"} + entry->d_name;
        std::ifstream words{base + "/cmdline"}, stat{base + "/stat"};
        std::string command, line;
        std::getline(words, command);
        std::getline(stat, line);
        const auto end_of_name = line.rfind(')');
        if (command.find(text) != std::string::npos && end_of_name != std::string::npos && line[end_of_name + 2] == 'D')
            stuck = true;
    }
    closedir(proc);
    return stuck;
}

}  // namespace gate_test
