#include "controller/run/child.hpp"

#include "controller/client/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/outcome/try.hpp>

#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

extern char** environ;

namespace drainlab::run {

namespace asio = boost::asio;

namespace {

/// File actions and attributes that are freed whatever happens.
struct spawn_setup {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    spawn_setup() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~spawn_setup() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

/// Four pipe ends that close themselves.
struct pipes {
    int in[2]{-1, -1}, out[2]{-1, -1};
    bool open() { return pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0; }
    ~pipes() {
        for (const int fd : {in[0], in[1], out[0], out[1]})
            if (fd >= 0) close(fd);
    }
};

}  // namespace

client::result<child> child::start(asio::any_io_executor executor, std::vector<std::string> words, std::string errors) {
    pipes p;
    if (!p.open()) return client::system_failure("pipe", errno);
    spawn_setup setup;
    posix_spawn_file_actions_adddup2(&setup.actions, p.in[0], 0);
    posix_spawn_file_actions_adddup2(&setup.actions, p.out[1], 1);
    posix_spawn_file_actions_addopen(&setup.actions, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, argv[0], &setup.actions, &setup.attributes, argv.data(), environ);
    if (error != 0) return client::system_failure("cannot start " + words[0], error);
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    return child{std::move(executor), pid, pidfd, std::exchange(p.in[1], -1), std::exchange(p.out[0], -1),
                 std::move(errors)};
}

child::child(asio::any_io_executor executor, pid_t pid, int pidfd, int in, int out, std::string errors)
    : pid_{pid}, pidfd_{executor, pidfd}, in_{executor, in}, out_{executor, out}, errors_{std::move(errors)} {}

child::child(child&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      pidfd_{std::move(other.pidfd_)},
      in_{std::move(other.in_)},
      out_{std::move(other.out_)},
      errors_{std::move(other.errors_)},
      status_{other.status_} {}

child::~child() {
    if (pid_ < 0) return;
    send(SIGKILL);
    // It may sit in a system call that only the daemon's end will free; the end of our process takes care of the rest.
    finish(std::chrono::milliseconds(2'000));
}

void child::reap() {
    siginfo_t info{};
    if (status_) return;
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) != 0)
        status_ = 255;  // nobody there to wait for
    else if (info.si_pid != 0)
        status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

bool child::finish(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (reap(); !status_ && std::chrono::steady_clock::now() < end; reap()) usleep(1000);
    return status_.has_value();
}

asio::awaitable<int> child::exited() {
    while (!status_) {
        co_await pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
        reap();
    }
    co_return *status_;
}

asio::awaitable<std::string> child::line() {
    std::string text;
    boost::system::error_code ec;
    auto buffer = asio::dynamic_buffer(text, 4096);
    co_await asio::async_read_until(out_, buffer, '\n', asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    co_return text.substr(0, text.find('\n'));
}

void child::tell(const std::string& text) {
    if (in_.is_open()) [[maybe_unused]]
        const auto written = write(in_.native_handle(), text.data(), text.size());
}

void child::let_go() {
    boost::system::error_code ec;
    in_.close(ec);
}

void child::send(int signal) noexcept {
    if (!status_ && pid_ > 0) kill(pid_, signal);  // not reaped yet: the pid is still its own
}

std::string child::last_words() const {
    auto text = client::read_text(errors_);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    for (auto& c : text)
        if (c == '\n') c = ' ';
    return text;
}

}  // namespace drainlab::run
