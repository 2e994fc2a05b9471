// doctor's trial: what the single checks promise, together.
#include "controller/cli/daemon.hpp"
#include "controller/cli/probes.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/machine/unmount.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <fstream>

namespace drainlab::cli {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds drain{50}, patience{10'000};

failure broken(std::string message) { return {"failed", std::move(message), {}, exit_code::broken, 0}; }

result<void> write_and_read(const std::string& dir) {
    const std::string file = dir + "/trial";
    std::string back;
    std::ofstream{file} << "drainlab";
    std::ifstream{file} >> back;
    if (back != "drainlab") return broken("a file written to " + dir + " does not read back");
    return client::success();
}

/// How long umount2(2) took.
result<std::chrono::nanoseconds> unmount(const std::string& dir) {
    BOOST_OUTCOME_TRY(auto tried, machine::unmount(dir, machine::unmount_kind::plain, patience));
    if (!tried.finished) return broken(fmt::format("an unmount did not return in {} s", patience.count() / 1000));
    if (tried.error) return broken(std::string{"the trial mount cannot be unmounted: "} + std::strerror(tried.error));
    return tried.took;
}

/// What happened, in a sentence; whether the unmount itself waited.
result<std::string> trial(bool& waited) {
    BOOST_OUTCOME_TRY(auto daemon, daemons::private_daemon::start({}));
    BOOST_OUTCOME_TRY(auto dir, daemon.make_directory("mnt"));
    const client::blocking_client api(daemon.socket());
    const json body{
        {"dir", os::to_printable(dir)}, {"umount_delay_ms", drain.count()}, {"umount_wait", api.any_umount_wait()}};
    BOOST_OUTCOME_TRY(auto mount, api.post("/mounts", body));
    BOOST_OUTCOME_TRY(write_and_read(dir));
    BOOST_OUTCOME_TRY(auto took, unmount(dir));
    BOOST_OUTCOME_TRY(api.wait_state(id_of(mount), "dead", patience));
    waited = took >= drain;
    const double ms = static_cast<double>(took.count()) / 1e6;
    if (waited) return fmt::format("mounted, written to, unmounted in {:.0f} ms: the unmount waits for its drain", ms);
    BOOST_OUTCOME_TRY(auto health, api.get("/health"));
    return fmt::format(
        "mounted, written to, unmounted in {:.1f} ms: an unmount does not wait for its drain of {} ms ({})", ms,
        drain.count(), health.value("umount_wait_why", "no gate"));
}

}  // namespace

check try_mount() {
    bool waited = false;
    const auto said = trial(waited);
    if (!said)
        return {"trial_mount", health::fail, said.error().message,
                said.error().hint.empty() ? "what the checks above warn of may be why" : said.error().hint};
    if (waited) return {"trial_mount", health::ok, said.value(), ""};
    return {"trial_mount", health::warn, said.value(), "only drainctl waits here: drainctl umount, --umount-wait api"};
}

}  // namespace drainlab::cli
