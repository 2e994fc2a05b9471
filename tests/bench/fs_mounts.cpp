#include "tests/bench/fs_mounts.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace drainlab::bench {

namespace fs = std::filesystem;

namespace {

constexpr const char* passthrough_source = "/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c";

[[noreturn]] void run(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    std::fprintf(stderr, "%s: %s\n", argv[0], std::strerror(errno));
    ::_exit(127);
}

bool is_mounted(const fs::path& dir) {
    struct stat at {
    }, above{};
    return ::stat(dir.c_str(), &at) == 0 && ::stat(dir.parent_path().c_str(), &above) == 0 && at.st_dev != above.st_dev;
}

/// Waits for `fd` to tell `events`, at most until `end`. False when it is over.
bool told(int fd, short events, std::chrono::steady_clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd p{fd, events, 0};
    return ::poll(&p, 1, static_cast<int>(left.count())) > 0 || errno == EINTR;
}

/// The kernel tells each change of the mounts to who polls the list of them.
bool mounted_within(const fs::path& dir, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    const int list = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    while (!is_mounted(dir) && told(list, POLLPRI, end)) {}
    ::close(list);
    return is_mounted(dir);
}

/// Reaps our child; false when it has not ended by then.
bool ended_within(pid_t child, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    pid_t reaped = 0;
    while ((reaped = ::waitpid(child, nullptr, WNOHANG)) == 0 && told(process, POLLIN, end)) {}
    ::close(process);
    return reaped == child;
}

class plain final : public subject {};

/// A FUSE daemon in the foreground, our child.
class peer final : public subject {
  public:
    static std::unique_ptr<subject> start(const std::string& name, const fs::path& dir,
                                          const std::vector<std::string>& words) {
        auto p = std::make_unique<peer>();
        p->name = name;
        p->dir = dir;
        p->is_peer = true;
        p->daemon = ::fork();
        if (p->daemon == 0) {
            const int quiet = ::open("/dev/null", O_WRONLY);
            ::dup2(quiet, 1);
            ::dup2(quiet, 2);
            run(words);
        }
        if (mounted_within(dir, std::chrono::seconds{5})) return p;
        std::fprintf(stderr, "without %s: `%s` did not mount\n", name.c_str(), words[0].c_str());
        return nullptr;
    }
    ~peer() override {
        ::umount2(dir.c_str(), MNT_DETACH);
        if (ended_within(daemon, std::chrono::seconds{5})) return;
        ::kill(daemon, SIGKILL);
        ::waitpid(daemon, nullptr, 0);
    }
};

/// A drainfs of our own, started as our child like the peers are: a background one would be in a scheduling group of
/// its own.
class ours final : public subject {
  public:
    ours(std::string label, fs::path where, std::string drainctl, fs::path socket, const fs::path& store)
        : drainctl_{std::move(drainctl)}, socket_{std::move(socket)} {
        name = std::move(label);
        dir = std::move(where);
        start_daemon();
        const std::string command = drainctl_ + " mount --socket " + socket_.string() + " " +
                                    (store.empty() ? "" : "--store " + store.string() + " ") + dir.string() +
                                    " >/dev/null";
        if (std::system(command.c_str()) == 0) return;
        stop();
        throw std::runtime_error{"`" + command + "` failed"};
    }
    ~ours() override { stop(); }

  private:
    void start_daemon() {
        int lifeline[2], ready[2];
        if (::pipe2(lifeline, O_CLOEXEC) != 0 || ::pipe(ready) != 0) throw std::runtime_error{"no pipe"};
        daemon = ::fork();
        if (daemon == 0) {
            const int life = ::dup(lifeline[0]);
            run({fs::path{drainctl_}.parent_path() / "drainfs", "--socket", socket_, "--profile", "zero", "--linger",
                 "0", "--lifeline", std::to_string(life), "--ready-fd", std::to_string(ready[1])});
        }
        ::close(lifeline[0]);
        ::close(ready[1]);
        lifeline_ = lifeline[1];
        char line[256]{};
        const bool fine = ::read(ready[0], line, sizeof line - 1) >= 5 && std::strncmp(line, "ready", 5) == 0;
        ::close(ready[0]);
        if (!fine) throw std::runtime_error{std::string{"drainfs did not start: "} + line};
    }
    /// With its lifeline the daemon ends, after unmounting.
    void stop() const {
        ::close(lifeline_);
        ::waitpid(daemon, nullptr, 0);
    }

    std::string drainctl_;
    fs::path socket_;
    int lifeline_{-1};
};

bool on_path(const char* program) {
    return std::system(("command -v " + std::string{program} + " >/dev/null").c_str()) == 0;
}

}  // namespace

std::uint64_t subject::cpu_ns() const {
    if (daemon <= 0) return 0;
    std::uint64_t sum = 0;
    std::error_code gone;
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(daemon) + "/task", gone)) {
        std::ifstream in{task.path() / "schedstat"};
        std::uint64_t ns = 0;
        if (in >> ns) sum += ns;
    }
    return sum;
}

tmpfs_top::tmpfs_top(fs::path top) : top_{std::move(top)} {
    if (::mount("bench_fs", top_.c_str(), "tmpfs", 0, "mode=0755") != 0)
        throw std::system_error{errno, std::generic_category(), "cannot mount a tmpfs at " + top_.string()};
}
tmpfs_top::~tmpfs_top() { ::umount2(top_.c_str(), MNT_DETACH); }

std::vector<std::unique_ptr<subject>> mount_all(const fs::path& top, const std::string& drainctl) {
    const auto directory = [&](const std::string& name) {
        fs::create_directories(top / name);
        return top / name;
    };
    std::vector<std::unique_ptr<subject>> all;
    const auto add_peer = [&](const std::string& name, std::vector<std::string> words) {
        if (auto p = peer::start(name, top / name, words)) all.push_back(std::move(p));
    };
    all.push_back(
        std::make_unique<ours>("drainfs", directory("drainfs"), drainctl, top / "a.sock", directory("store-drainfs")));
    all.push_back(
        std::make_unique<ours>("drainfs private", directory("private"), drainctl, top / "b.sock", fs::path{}));
    for (const char* name : {"bindfs", "mergerfs"}) {
        if (!on_path(name)) {
            std::fprintf(stderr, "without %s: not installed\n", name);
            continue;
        }
        add_peer(name, {name, "-f", directory(std::string{"store-"} + name), directory(name)});
    }
    const fs::path pass = top / "passthrough_ll-program";
    const std::string build = "cc -O2 -D_GNU_SOURCE " + std::string{passthrough_source} + " -o " + pass.string() +
                              " $(pkg-config --cflags --libs fuse3) 2>/dev/null";
    if (fs::exists(passthrough_source) && std::system(build.c_str()) == 0)
        // Permissions are checked by the kernel, as for all the others: it asks for a directory's attributes more often
        // then.
        add_peer("passthrough_ll",
                 {pass, "-f", "-o", "source=" + directory("store-passthrough_ll").string() + ",default_permissions",
                  directory("passthrough_ll")});
    else
        std::fprintf(stderr, "without passthrough_ll: %s is not there or does not compile\n", passthrough_source);
    auto ceiling = std::make_unique<plain>();
    ceiling->name = "tmpfs";
    ceiling->dir = directory("tmpfs");
    all.push_back(std::move(ceiling));
    return all;
}

}  // namespace drainlab::bench
