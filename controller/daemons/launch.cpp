#include "controller/daemons/launch.hpp"

#include "controller/client/client.hpp"
#include "controller/daemons/leftovers.hpp"
#include "controller/daemons/spawn.hpp"
#include "controller/machine/program.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace drainlab::daemons {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds start_limit{15'000};
constexpr off_t largest_log = 1 << 20;

std::string stem_of(const std::string& socket) {
    return socket.size() > 5 && socket.ends_with(".sock") ? socket.substr(0, socket.size() - 5) : socket;
}

/// The exclusive flock under which drainctl starts a daemon: a file `X.lock` beside the socket,
/// gone again when released. (The daemon takes its own lock on the directory while it starts.)
class start_lock {
  public:
    static result<start_lock> take(const std::string& path) {
        start_lock lock(path);
        const auto end = std::chrono::steady_clock::now() + 2 * start_limit;
        while (!lock.try_take()) {
            if (errno != EWOULDBLOCK && errno != EINTR && errno != ESTALE)
                return system_failure(path, errno, exit_code::usage);
            if (std::chrono::steady_clock::now() > end)
                return failure{
                    "timed_out", "somebody has held the lock " + path + " for too long", {}, exit_code::timed_out, 0};
            std::this_thread::sleep_for(milliseconds(5));
        }
        return lock;
    }
    start_lock(start_lock&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
    start_lock& operator=(start_lock&&) = delete;
    ~start_lock() {
        if (fd_ < 0) return;
        unlink(path_.c_str());
        close(fd_);
    }

  private:
    explicit start_lock(std::string path) : path_(std::move(path)) {}

    /// False with errno; ESTALE when the file we locked was removed by its last holder meanwhile.
    bool try_take() {
        const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) return false;
        struct stat held {
        }, named{};
        if (fstat(fd, &held) == 0 && held.st_uid != geteuid()) {
            close(fd);
            errno = EPERM;  // somebody else's: it could be held for ever
            return false;
        }
        int error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        if (error == 0 && (stat(path_.c_str(), &named) != 0 || held.st_ino != named.st_ino)) error = ESTALE;
        if (error == 0)
            fd_ = fd;
        else
            close(fd);
        errno = error;
        return error == 0;
    }

    std::string path_;
    int fd_ = -1;
};

void bound_log(const std::string& log) {
    struct stat s {};
    if (lstat(log.c_str(), &s) == 0 && S_ISREG(s.st_mode) && s.st_size > largest_log) [[maybe_unused]]
        const int ignored = truncate(log.c_str(), 0);
}

std::vector<std::string> arguments(const std::string& program, const std::string& socket, const std::string& log,
                                   const daemon_options& o) {
    std::vector<std::string> args{program, "--socket", socket, "--log", log};
    const auto add = [&](const char* name, const std::optional<std::string>& value) {
        if (value) args.insert(args.end(), {name, *value});
    };
    // A file given by a relative path must be found from /, where the daemon lives.
    auto profile = o.profile;
    if (profile && access(profile->c_str(), R_OK) == 0) profile = fs::absolute(*profile).string();
    add("--profile", profile);
    add("--policy", o.policy);
    add("--identity", o.identity);
    add("--cgroup-root", o.cgroup_root);
    add("--umount-wait", o.umount_wait);
    add("--page-cache", o.page_cache);
    if (o.own_directory)
        args.insert(args.end(), {"--own-directory", *o.own_directory, "--owner", std::to_string(o.owner)});
    if (o.linger) add("--linger", fmt::format("{}ms", o.linger->count()));
    return args;
}

}  // namespace

std::string log_beside(const std::string& socket) { return stem_of(socket) + ".log"; }
std::string state_beside(const std::string& socket) { return stem_of(socket) + ".state"; }

result<socket_lock> lock_socket(const std::string& socket) {
    BOOST_OUTCOME_TRY(auto lock, start_lock::take(stem_of(socket) + ".lock"));
    return socket_lock(std::make_shared<start_lock>(std::move(lock)));
}

result<void> ensure_daemon(const std::string& socket, const daemon_options& options) {
    BOOST_OUTCOME_TRY(auto lock, lock_socket(socket));
    BOOST_OUTCOME_TRY(auto program, machine::find_program(options.program));
    const std::string log = log_beside(socket);
    const auto end = std::chrono::steady_clock::now() + start_limit;
    for (;;) {
        const auto health = client::blocking_client(socket).get("/health", milliseconds(5'000));
        if (health) return success();
        failure why = health.error();  // it is there, but foreign or silent; or about to leave
        if (why.code == "no_daemon") {
            bound_log(log);
            BOOST_OUTCOME_TRY(auto started, spawn_daemon({arguments(program, socket, log, options), log, true, -1}));
            const auto ready = await_ready(std::move(started.ready), log, start_limit);
            if (ready) return success();
            why = ready.error();
        }
        const bool leaving = why.code == "connection_lost" || why.code == "busy";
        if (!leaving || std::chrono::steady_clock::now() > end) return why;
        std::this_thread::sleep_for(milliseconds(5));
    }
}

result<private_daemon> private_daemon::start(daemon_options options) {
    if (!options.linger) options.linger = milliseconds(0);
    BOOST_OUTCOME_TRY(auto program, machine::find_program(options.program));
    private_daemon d;
    socket_lock lock;  // nobody else starts one on a socket that others know
    if (!options.socket.empty()) {
        BOOST_OUTCOME_TRY(options.socket, socket_path(options.socket));
        BOOST_OUTCOME_TRY(lock, lock_socket(options.socket));
        if (!daemon_is_dead(options.socket))
            return usage_error(fmt::format("--socket {}: a daemon is there already", options.socket),
                               "a private daemon is never shared: choose another path, or `drainctl stop` that one");
    }
    BOOST_OUTCOME_TRY(d.directory_, private_directory("p", options.socket));
    clean_private_directories(fs::path(d.directory_).parent_path().string());
    const std::string own = d.directory_ + "/d.sock";
    d.socket_ = options.socket.empty() ? own : options.socket;
    options.own_directory = d.directory_;  // when we are killed
    options.owner = getpid();
    d.log_ = log_beside(own);
    BOOST_OUTCOME_TRY(auto life, machine::lifeline::make());
    BOOST_OUTCOME_TRY(auto started,
                      spawn_daemon({arguments(program, d.socket_, d.log_, options), d.log_, false, life.theirs.get()}));
    d.lifeline_ = std::move(life.ours);
    d.process_ = std::move(started.process);
    auto ready = await_ready(std::move(started.ready), d.log_, start_limit);
    if (!ready) {
        failure why = ready.error();
        if (why.hint == "its log is " + d.log_) why.hint.clear();  // it goes with the directory
        return why;
    }
    return d;
}

private_daemon::private_daemon(private_daemon&& other) noexcept { *this = std::move(other); }

private_daemon& private_daemon::operator=(private_daemon&& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(socket_, other.socket_);
    std::swap(log_, other.log_);
    std::swap(process_, other.process_);
    std::swap(lifeline_, other.lifeline_);
    return *this;
}

private_daemon::~private_daemon() { [[maybe_unused]] const auto dropped = stop(milliseconds(10'000)); }

bool private_daemon::has_died() { return !process_ || process_.wait(milliseconds(0)).has_value(); }

void private_daemon::kill() noexcept { process_.send(SIGKILL); }

result<std::string> private_daemon::make_directory(const std::string& name) const {
    const std::string dir = directory_ + "/" + name;
    if (mkdir(dir.c_str(), 0700) != 0) return system_failure(dir, errno);
    return dir;
}

result<int> private_daemon::stop(milliseconds limit) {
    lifeline_.reset();
    auto ended = process_.wait(limit);
    const bool killed = process_ && !ended;
    if (killed) {
        process_.send(SIGKILL);
        ended = process_.wait(milliseconds(10'000));
    }
    if (!directory_.empty()) {
        clean_socket(socket_);
        remove_private_directory(std::exchange(directory_, {}));
    }
    if (killed)
        return failure{"timed_out",
                       "drainfs did not end within " + std::to_string(limit.count()) + " ms and was killed",
                       {},
                       exit_code::timed_out,
                       0};
    return ended.value_or(0);
}

}  // namespace drainlab::daemons
