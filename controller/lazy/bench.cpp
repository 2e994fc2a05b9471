#include "controller/lazy/bench.hpp"

#include "controller/daemons/launch.hpp"
#include "controller/experiment/plan.hpp"
#include "controller/lazy/stage.hpp"
#include "controller/machine/program.hpp"
#include "controller/machine/sweeper.hpp"
#include "controller/mounts/mountable.hpp"
#include "controller/real/values.hpp"
#include "controller/result/collect.hpp"

#include <fmt/format.h>

#include <sys/mount.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <unistd.h>

namespace drainlab::lazy {

using namespace std::chrono_literals;

namespace {

constexpr auto held_for = 20ms;

struct kind {
    std::unique_ptr<mounts::mountable> fs;
    std::string dir, store;
};

/// One umount, and what came before and after it.
class cycle {
  public:
    cycle(kind& k, const std::string& scenario, umount_way way, const ground& where)
        : kind_(k), lazy_(scenario != "umount_free"), held_(scenario == "lazy_held"), way_(way), where_(where) {}

    client::result<report::umount_sample> run() {
        BOOST_OUTCOME_TRY(auto mount, kind_.fs->mount(kind_.dir, kind_.store));
        os::unique_fd file(open((kind_.dir + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        const char byte = 'x';
        if (file.get() < 0 || write(file.get(), &byte, 1) != 1)
            return client::system_failure("write in " + kind_.dir, errno);
        if (!held_) file.reset();
        report::umount_sample s;
        const auto called = now_ns();
        BOOST_OUTCOME_TRYV(unmount());
        s.umount_ns = static_cast<std::uint64_t>(now_ns() - called);
        if (held_) {
            where_.pause(held_for);
            file.reset();
        }
        s.dead_ns = static_cast<std::uint64_t>(now_ns() - called);
        BOOST_OUTCOME_TRYV(kind_.fs->wait_dead(mount, 30s));
        if (!mount.id.empty()) { BOOST_OUTCOME_TRYV(ask_daemon(mount.id, called, s)); }
        return s;
    }

  private:
    client::result<void> unmount() {
        if (way_ == umount_way::syscall) {
            if (umount2(kind_.dir.c_str(), UMOUNT_NOFOLLOW | (lazy_ ? MNT_DETACH : 0)) == 0) return client::success();
            return client::system_failure("umount " + kind_.dir, errno);
        }
        std::vector<std::string> words{"umount"};
        if (lazy_) words.emplace_back("-l");
        words.push_back(kind_.dir);
        BOOST_OUTCOME_TRY(auto end, machine::run_program(words));
        if (end.status == 0) return client::success();
        return client::failure{"umount_failed",
                               fmt::format("umount {} ended with {}: {}", kind_.dir, end.status, end.output),
                               {},
                               client::exit_code::broken,
                               0};
    }
    client::result<void> ask_daemon(const std::string& id, std::int64_t called, report::umount_sample& s) {
        BOOST_OUTCOME_TRY(auto m, client::blocking_client{where_.socket}.get("/mounts/" + id));
        const auto took = s.umount_ns;
        s = real::umount_of(m, static_cast<std::uint64_t>(called));
        s.umount_ns = took;
        return client::success();
    }

    kind& kind_;
    bool lazy_, held_;
    umount_way way_;
    const ground& where_;
};

std::unique_ptr<mounts::mountable> make(const std::string& name, const std::string& socket, const std::string& policy) {
    if (name == "tmpfs") return mounts::make_tmpfs();
    if (name == "ext4") return mounts::make_ext4();
    return mounts::make_drainfs([socket] { return socket; }, policy);
}

/// Everything the run works with; what a failed cycle left mounted goes with it.
struct place {
    std::map<std::string, kind> kinds;
    ~place() {
        for (auto& [name, k] : kinds)
            for (int i = 0; i < 4 && umount2(k.dir.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0; ++i) {}
    }
};

}  // namespace

std::vector<std::string> bench_mounts() { return {"drainfs", "tmpfs", "ext4"}; }

client::result<std::vector<report::cell>> run_bench(
    const bench_options& o, const std::function<void(const std::string&, const std::string&, int, int)>& tell,
    const std::function<bool()>& stop) {
    BOOST_OUTCOME_TRY(auto base, daemons::private_directory("bench", o.socket));
    const machine::sweeper after_us(base, {});
    daemons::daemon_options daemon_options;
    daemon_options.socket = o.socket;
    if (!o.profile.empty()) daemon_options.profile = o.profile;
    BOOST_OUTCOME_TRY(auto daemon, daemons::private_daemon::start(daemon_options));
    return bench_on({daemon.socket(), base}, o, tell, stop);
}

client::result<std::vector<report::cell>> bench_on(
    const ground& where, const bench_options& o,
    const std::function<void(const std::string&, const std::string&, int, int)>& tell,
    const std::function<bool()>& stop) {
    place here;
    for (const auto& name : o.mounts) {
        const std::string dir = where.base + "/" + name;
        kind k{make(name, where.socket, o.policy), dir, dir + "-store"};
        std::filesystem::create_directories(k.dir);
        std::filesystem::create_directories(k.store);
        here.kinds.emplace(name, std::move(k));
    }
    std::vector<report::cell> cells;
    const int total = static_cast<int>(o.scenarios.size() * o.mounts.size()) * (o.samples + 1);
    int done = 0;
    for (const auto& scenario : o.scenarios) {
        std::map<std::string, report::collector> collected;
        for (const auto& name : o.mounts)
            collected.emplace(name, report::collector{scenario, name == "drainfs" ? o.policy : "kernel", name});
        for (const auto& step : experiment::interleave(o.mounts, o.samples, o.seed)) {
            if (stop()) break;
            tell(scenario, step.policy, done++, total);
            auto sample = cycle{here.kinds.at(step.policy), scenario, o.way, where}.run();
            if (!sample) return sample.error();
            if (step.warm_up) continue;
            report::cycle_sample s;
            s.umounts.push_back(sample.value());
            collected.at(step.policy).add(s);
        }
        for (const auto& name : o.mounts) cells.push_back(collected.at(name).make());
    }
    return cells;
}

std::string to_text(const std::vector<report::cell>& cells) {
    std::string text = fmt::format("  {:<14}{:<10}{:<10}{:>10}{:>10}{:>10}{:>12}\n", "ms", "mounts", "policy", "p50",
                                   "p95", "max", "dead p50");
    for (const auto& c : cells) {
        if (!c.umount_ms) continue;
        const auto& u = *c.umount_ms;
        text += fmt::format("  {:<14}{:<10}{:<10}{:>10.3f}{:>10}{:>10.3f}{:>12}\n", c.scenario, c.mounts, c.policy,
                            u.p50, u.p95 ? fmt::format("{:.3f}", *u.p95) : "-", u.max,
                            c.phases_ms.dead ? fmt::format("{:.3f}", c.phases_ms.dead->p50) : "-");
    }
    return text;
}

}  // namespace drainlab::lazy
