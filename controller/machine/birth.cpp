#include "controller/machine/become.hpp"
#include "controller/machine/signals.hpp"

#include <linux/close_range.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::machine {

std::vector<std::string> own_environment() {
    std::vector<std::string> all;
    for (char** e = environ; e && *e; ++e) all.emplace_back(*e);
    return all;
}

std::vector<std::string> plain_environment() {
    auto all = own_environment();
    std::erase_if(all, [](const std::string& e) { return e.starts_with("LC_ALL=") || e.starts_with("LANGUAGE="); });
    all.emplace_back("LC_ALL=C");
    return all;
}

becoming::becoming(const birth& how, int trouble)
    : how_{how},
      environment_{how.environment ? *how.environment : plain_environment()},
      copies_(how.descriptors.size(), -1),
      trouble_{trouble},
      floor_{3},
      hangup_ignored_{is_ignored(SIGHUP)},
      parent_{getpid()} {
    for (const auto& word : how.words) argv_.push_back(const_cast<char*>(word.c_str()));
    argv_.push_back(nullptr);
    for (auto& e : environment_) envp_.push_back(e.data());
    envp_.push_back(nullptr);
    for (const auto& d : how.descriptors) {
        floor_ = std::max(floor_, d.as + 1);
        if (d.as > 2) kept_.push_back(d.as);
    }
    std::sort(kept_.begin(), kept_.end());
}

int becoming::settle() noexcept {
    if (how_.group == process_group::own && setpgid(0, 0) != 0) return errno;
    if (how_.group == process_group::session && setsid() < 0) return errno;
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int s = 1; s < NSIG; ++s)
        if (s != SIGHUP || !hangup_ignored_) sigaction(s, &standard, nullptr);
    if (how_.dies_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    if (how_.dies_with_us && getppid() != parent_ && getppid() != 0) return ESRCH;  // 0: it is in another pid namespace
    if (const int error = take_descriptors()) return error;
    if (!how_.directory.empty() && chdir(how_.directory.c_str()) != 0) return errno;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    return 0;
}

/// First all out of the way of one another, then each to its number.
int becoming::take_descriptors() noexcept {
    for (std::size_t i = 0; i < copies_.size(); ++i)
        if ((copies_[i] = fcntl(how_.descriptors[i].fd, F_DUPFD_CLOEXEC, floor_)) < 0) return errno;
    if (trouble_ >= 0 && (trouble_ = fcntl(trouble_, F_DUPFD_CLOEXEC, floor_)) < 0) return errno;
    if (!how_.keep_streams) {
        const int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (opened < 0) return errno;
        for (const int stream : {0, 1, 2}) {
            if (opened == stream)
                fcntl(opened, F_SETFD, 0);
            else if (dup2(opened, stream) < 0)
                return errno;
        }
    }
    for (std::size_t i = 0; i < copies_.size(); ++i)
        if (dup2(copies_[i], how_.descriptors[i].as) < 0) return errno;
    return how_.keep_callers_descriptors ? 0 : close_others();
}

int becoming::close_others() noexcept {
    const unsigned how =
        trouble_ >= 0 ? CLOSE_RANGE_CLOEXEC : 0;  // who becomes a program may still have to say why not
    unsigned from = 3;
    for (const int as : kept_) {
        if (static_cast<unsigned>(as) > from && close_range(from, static_cast<unsigned>(as) - 1, how) != 0)
            return errno;
        from = static_cast<unsigned>(as) + 1;
    }
    return close_range(from, ~0U, static_cast<int>(how)) == 0 ? 0 : errno;
}

int becoming::run() noexcept {
    execvpe(argv_[0], argv_.data(), envp_.data());
    return errno;
}

void becoming::fail(int error) noexcept {
    if (trouble_ >= 0) [[maybe_unused]]
        const auto said = write(trouble_, &error, sizeof error);
    _exit(127);
}

}  // namespace drainlab::machine
