// bench_umount_floor [N]: what umount2() of a drainfs mount (profile zero, policy persb, behind its gate) costs, beside
// that of
// a bare libfuse mount that serves nothing; interleaved, in microseconds. The drainfs beside this program is used.
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

/// How long umount2() took, in microseconds; negative if it failed.
double timed_umount(const std::string& dir) {
    const auto begin = steady::now();
    const int rc = ::umount2(dir.c_str(), 0);
    const double took = std::chrono::duration<double, std::micro>(steady::now() - begin).count();
    return rc == 0 ? took : -1;
}

double bare_cycle(const std::string& dir) {
    fuse_lowlevel_ops ops{};
    ops.getattr = [](fuse_req_t req, fuse_ino_t, fuse_file_info*) {
        struct stat st {};
        st.st_ino = FUSE_ROOT_ID;
        st.st_mode = S_IFDIR | 0755;
        st.st_nlink = 2;
        fuse_reply_attr(req, &st, 1.0);
    };
    char name[] = "bare";
    char* argv[] = {name, nullptr};
    fuse_args args = FUSE_ARGS_INIT(1, argv);
    fuse_session* const se = fuse_session_new(&args, &ops, sizeof ops, nullptr);
    if (!se || fuse_session_mount(se, dir.c_str()) != 0) return -1;
    std::thread loop{[&] { fuse_session_loop(se); }};
    struct stat st {};
    ::stat(dir.c_str(), &st);
    const double took = timed_umount(dir);
    if (took < 0) ::umount2(dir.c_str(), MNT_DETACH);
    loop.join();
    fuse_session_unmount(se);
    fuse_session_destroy(se);
    return took;
}

/// A drainfs of our own: ends when this program does.
class daemon_process {
  public:
    explicit daemon_process(const std::string& socket) : socket_{socket} {
        int lifeline[2], ready[2];
        if (::pipe(lifeline) != 0 || ::pipe(ready) != 0) std::exit(5);
        pid_ = ::fork();
        if (pid_ == 0) {
            const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "drainfs";
            const std::string life = std::to_string(lifeline[0]), tell = std::to_string(ready[1]);
            ::close(lifeline[1]);
            ::execl(program.c_str(), "drainfs", "--socket", socket.c_str(), "--profile", "zero", "--policy", "persb",
                    "--linger", "0", "--lifeline", life.c_str(), "--ready-fd", tell.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(lifeline[0]);
        ::close(ready[1]);
        char line[256]{};
        if (::read(ready[0], line, sizeof line - 1) < 5 || std::strncmp(line, "ready", 5) != 0) {
            std::fprintf(stderr, "drainfs did not start: %s\n", line);
            std::exit(4);
        }
        lifeline_ = lifeline[1];
    }
    ~daemon_process() {
        ::close(lifeline_);
        ::waitpid(pid_, nullptr, 0);
    }

    /// One request; true if it was answered with `status`.
    bool request(const std::string& method_and_path, const std::string& body, const std::string& status) const {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
        std::string answer;
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            const std::string text = method_and_path +
                                     " HTTP/1.1\r\nHost: drainfs\r\nConnection: close\r\nContent-Type: "
                                     "application/json\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body;
            if (::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
                char part[4096];
                for (ssize_t n; (n = ::read(fd, part, sizeof part)) > 0;)
                    answer.append(part, static_cast<std::size_t>(n));
            }
        }
        ::close(fd);
        if (answer.find(" " + status + " ") == 8) return true;
        std::fprintf(stderr, "%s: %s\n", method_and_path.c_str(), answer.c_str());
        return false;
    }

  private:
    std::string socket_;
    pid_t pid_{};
    int lifeline_{};
};

double drainfs_cycle(const daemon_process& daemon, const std::string& dir, int n) {
    const std::string name = "floor" + std::to_string(n);
    if (!daemon.request("POST /mounts", R"({"dir":")" + dir + R"(","name":")" + name + R"("})", "201")) return -1;
    struct stat st {};
    ::stat(dir.c_str(), &st);  // the gate stands: the mount is answered when it does
    const double took = timed_umount(dir);
    if (took < 0) ::umount2(dir.c_str(), MNT_DETACH);
    daemon.request("GET /mounts/" + name + "/wait?state=dead&timeout_ms=5000", "", "200");
    return took;
}

double quantile(std::vector<double> v, double q) {
    std::sort(v.begin(), v.end());
    return v[static_cast<std::size_t>(q * static_cast<double>(v.size() - 1))];
}

void print_row(const char* what, const std::vector<double>& v) {
    std::printf("%-22s min %7.1f  p10 %7.1f  p25 %7.1f  p50 %7.1f  p95 %7.1f us\n", what, quantile(v, 0),
                quantile(v, 0.1), quantile(v, 0.25), quantile(v, 0.5), quantile(v, 0.95));
}

}  // namespace

int main(int argc, char** argv) {
    const int cycles = argc > 1 ? std::atoi(argv[1]) : 200;
    if (cycles < 1) {
        std::fprintf(stderr, "usage: bench_umount_floor [CYCLES >= 1]\n");
        return 2;
    }
    std::string top = (std::filesystem::temp_directory_path() / "drainlab-floor-XXXXXX").string();
    if (!::mkdtemp(top.data())) return 5;
    top = std::filesystem::canonical(top);
    const std::string bare = top + "/bare", ours = top + "/drainfs";
    std::filesystem::create_directory(bare);
    std::filesystem::create_directory(ours);
    std::vector<double> a, b;
    {
        const daemon_process daemon{top + "/socket"};
        for (int k = -3; k < cycles; ++k) {  // three cycles to warm up
            const double x = bare_cycle(bare), y = drainfs_cycle(daemon, ours, k + 3);
            if (x < 0 || y < 0) {
                std::fprintf(stderr, "a cycle failed: %s\n", std::strerror(errno));
                break;
            }
            if (k < 0) continue;
            a.push_back(x);
            b.push_back(y);
        }
    }
    std::filesystem::remove_all(top);
    if (a.empty()) return 5;
    print_row("bare libfuse", a);
    print_row("drainfs, zero, persb", b);
    std::printf("ratio of p50: %.2f\n", quantile(b, 0.5) / quantile(a, 0.5));
    return 0;
}
