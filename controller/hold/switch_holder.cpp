#include "controller/hold/switch_holder.hpp"

#include "controller/client/client.hpp"
#include "controller/client/launch.hpp"
#include "controller/client/mountinfo.hpp"
#include "controller/client/process.hpp"
#include "controller/hold/wait.hpp"
#include "controller/run/cgroups.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::hold {

using namespace std::chrono_literals;
using client::blocking_client;
using nlohmann::json;

namespace {

client::result<json> mount_at(const blocking_client& daemon, const std::string& dir) {
    const auto there = client::mount_at(client::read_mountinfo(), dir);
    if (!there || !there->ours())
        return client::usage_error(dir + ": no drainfs is mounted there",
                                   "--by switch needs the daemon; the other kinds do not");
    BOOST_OUTCOME_TRY(auto answer, daemon.get("/mounts"));
    for (const auto& m : answer["mounts"])
        if (m["dir"] == dir && m["dev"] == there->dev() && m["state"] != "gone") return json(m);
    return client::usage_error(dir + ": not a mount of the daemon on " + daemon.socket());
}

[[noreturn]] void burn(const std::vector<std::string>& words, int lifeline) {
    setsid();
    dup2(lifeline, 0);
    for (int fd = 1; fd < 3; ++fd) dup2(open("/dev/null", O_RDWR), fd);
    close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::vector<char*> argv;
    for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
}

}  // namespace

client::result<switch_holder> switch_holder::take(const std::string& dir, const std::string& socket) {
    BOOST_OUTCOME_TRY(auto path, client::socket_path(socket));
    const blocking_client daemon{path};
    BOOST_OUTCOME_TRY(auto mount, mount_at(daemon, dir));
    BOOST_OUTCOME_TRY(auto health, daemon.get("/health"));
    BOOST_OUTCOME_TRY(auto program, client::find_program("drainlab-burner"));
    switch_holder h;
    h.file_ = dir + "/.drainlab-burner";
    std::vector<std::string> words{program, h.file_};
    if (health["identity"] == "cgroup") {
        BOOST_OUTCOME_TRY(auto root, run::find_cgroup_root({}));
        words.insert(words.end(), {"--cgroup-root", root});
    } else {
        words.emplace_back("--session");
    }
    int life[2];
    if (pipe2(life, O_CLOEXEC) != 0) return client::system_failure("pipe", errno);
    h.pid_ = fork();
    if (h.pid_ == 0) burn(words, life[0]);
    close(life[0]);
    h.lifeline_ = life[1];
    const auto seen =
        daemon.get("/mounts/" + std::to_string(mount["id"].get<int>()) + "/wait_switch?timeout_ms=10000", 15s);
    if (!seen)
        return client::failure{"no_switch", dir + ": no switch came within 10 s: " + seen.error().message,
                               "with --page-cache keep there is one at most", client::exit_code::cannot_run, 0};
    return h;
}

switch_holder::switch_holder(switch_holder&& other) noexcept
    : file_{std::exchange(other.file_, {})},
      pid_{std::exchange(other.pid_, -1)},
      lifeline_{std::exchange(other.lifeline_, -1)} {}

switch_holder::~switch_holder() {
    if (lifeline_ >= 0) close(lifeline_);
    if (pid_ > 0 && !client::wait_child(pid_, 10s)) {
        kill(pid_, SIGKILL);
        client::wait_child(pid_, 10s);
    }
    if (!file_.empty()) unlink(file_.c_str());
}

bool switch_holder::wait(std::chrono::nanoseconds length) const { return wait_for_child(pid_, length, 0); }

}  // namespace drainlab::hold
