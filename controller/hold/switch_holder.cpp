#include "controller/hold/switch_holder.hpp"

#include "controller/client/client.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/hold/wait.hpp"
#include "controller/machine/cgroups.hpp"
#include "controller/machine/program.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <unistd.h>

namespace drainlab::hold {

using namespace std::chrono_literals;
using client::blocking_client;
using nlohmann::json;

namespace {

client::result<json> mount_at(const blocking_client& daemon, const std::string& dir,
                              const std::vector<machine::mount_line>& mounts) {
    const auto there = machine::mount_at(mounts, dir);
    if (!there || !there->ours())
        return client::usage_error(dir + ": no drainfs is mounted there",
                                   "--by switch needs the daemon; the other kinds do not");
    BOOST_OUTCOME_TRY(auto answer, daemon.get("/mounts"));
    for (const auto& m : answer["mounts"])
        if (m["dev"] == there->dev() && m["state"] == "live") return json(m);
    return client::usage_error(dir + ": not a mount of the daemon on " + daemon.socket());
}

}  // namespace

client::result<switch_holder> switch_holder::take(const std::string& dir, const std::string& socket,
                                                  const std::vector<machine::mount_line>& mounts) {
    BOOST_OUTCOME_TRY(auto path, daemons::socket_path(socket));
    const blocking_client daemon{path};
    BOOST_OUTCOME_TRY(auto mount, mount_at(daemon, dir, mounts));
    BOOST_OUTCOME_TRY(auto health, daemon.get("/health"));
    BOOST_OUTCOME_TRY(auto program, machine::find_program("drainlab-burner"));
    switch_holder h;
    h.file_ = dir + "/.drainlab-burner";
    std::vector<std::string> words{program, h.file_};
    if (health["identity"] == "cgroup") {
        BOOST_OUTCOME_TRY(auto root, machine::find_cgroup_root({}));
        words.insert(words.end(), {"--cgroup-root", root});
    } else {
        words.emplace_back("--session");
    }
    BOOST_OUTCOME_TRY(auto life, machine::lifeline::make());
    machine::birth how{.words = words};
    how.descriptors = {{life.theirs.get(), 0}};
    how.group = machine::process_group::session;
    BOOST_OUTCOME_TRY(h.process_, machine::child::start(how));
    h.lifeline_ = std::move(life.ours);
    const auto seen =
        daemon.get("/mounts/" + std::to_string(mount["id"].get<int>()) + "/wait_switch?timeout_ms=10000", 15s);
    if (!seen)
        return client::failure{"no_switch", dir + ": no switch came within 10 s: " + seen.error().message,
                               "with --page-cache keep there is one at most", client::exit_code::cannot_run, 0};
    return h;
}

switch_holder::switch_holder(switch_holder&& other) noexcept
    : file_{std::exchange(other.file_, {})},
      process_{std::move(other.process_)},
      lifeline_{std::move(other.lifeline_)} {}

switch_holder::~switch_holder() {
    lifeline_.reset();
    if (process_ && !process_.wait(10s)) process_.send(SIGKILL);
    process_ = {};
    if (!file_.empty()) unlink(file_.c_str());
}

bool switch_holder::wait(std::chrono::nanoseconds length) const { return wait_for_end({process_.pidfd()}, length); }

}  // namespace drainlab::hold
