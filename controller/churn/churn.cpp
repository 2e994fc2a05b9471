#include "controller/churn/churn.hpp"

#include "controller/churn/leftovers.hpp"
#include "controller/churn/loop.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/machine/sweeper.hpp"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace drainlab::churn {

using namespace std::chrono_literals;

namespace {

client::failure not_allowed() {
    return {"denied", "churn: unmounting needs root",
            "run it as root, or in a user namespace: unshare -Urm drainctl churn ...", client::exit_code::cannot_run,
            0};
}

daemons::daemon_options daemon_of(const options& o) {
    daemons::daemon_options d;
    d.program = o.program;
    if (!o.profile.empty()) d.profile = o.profile;
    d.socket = o.socket;
    return d;
}

}  // namespace

client::result<report> run_churn(const options& o, const std::function<void(const progress&)>& tell,
                                 const std::function<bool()>& stop) {
    if (geteuid() != 0) return not_allowed();
    report r;
    const census before = take_census();
    BOOST_OUTCOME_TRY(auto base, daemons::private_directory("churn", o.socket));
    machine::sweeper after_us(base, {});  // when we are killed
    {
        BOOST_OUTCOME_TRY(auto h, host::start(daemon_of(o)));
        auto drainfs = mounts::make_drainfs([&h] { return h->socket(); }, o.policy);
        r.ours = run_loop(o, *drainfs, h.get(), base, o.length, std::nullopt, tell, stop);
        drainfs.reset();  // its connections
        h->note_violations();
        r.left.daemon_descriptors = h->descriptors_left();
        auto& all = r.ours.counts.violations;
        all.insert(all.end(), h->violations.begin(), h->violations.end());
        h->stop();
    }
    if (o.compare && r.ours.interrupted.empty()) {
        const auto tmpfs = mounts::make_tmpfs();
        options once = o;
        once.cycles.reset();
        const auto length = std::clamp<std::chrono::nanoseconds>(o.length / 5, 1s, 60s);
        auto bare = run_loop(once, *tmpfs, nullptr, base, length, r.ours.cycles_per_s, tell, stop);
        if (bare.counts.cycles() > 0)
            r.bare = std::move(bare);
        else
            r.bare_why = bare.counts.violations.empty() ? "no cycle" : bare.counts.violations.front();
    }
    r.left.mounts = mounts_below(base);
    after_us.sweep_and_dismiss();
    std::error_code ec;
    std::filesystem::remove_all(base, ec);
    compare_census(before, base, r.left);
    return r;
}

}  // namespace drainlab::churn
