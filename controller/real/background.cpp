#include "controller/machine/cgroups.hpp"
#include "controller/real/cycle.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/outcome/try.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <unistd.h>

namespace drainlab::real {

namespace asio = boost::asio;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

asio::awaitable<void> pause(asio::any_io_executor executor, milliseconds length) {
    asio::steady_timer timer{executor, length};
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

doing<mounted> mount_fresh(const surroundings& at, std::string name, std::optional<std::uint64_t> dirty_limit,
                           std::string bdi) {
    mounted m{at.directory + "/" + name, {}};
    if (mkdir(m.dir.c_str(), 0700) != 0) co_return client::system_failure("mkdir " + m.dir, errno);
    json body{{"dir", m.dir}, {"name", name}};
    if (dirty_limit) body["dirty_limit_bytes"] = *dirty_limit;
    if (!bdi.empty()) body["bdi"] = bdi;
    BOOST_OUTCOME_CO_TRY(auto answer, co_await at.api.post("/mounts", body));
    m.id = std::to_string(answer.value("id", 0));
    co_return m;
}

doing<void> background::start(experiment::background_load load, bool shares_device) {
    stopping_ = false;
    const auto executor = at_.events.executor();
    for (int i = 0; i < load.mounts; ++i) {
        const std::string device = shares_device && i == 0 ? shared_device : "";
        BOOST_OUTCOME_CO_TRY(auto m, co_await mount_fresh(at_, "background" + std::to_string(i), {}, device));
        mounts_.push_back(m);
        BOOST_OUTCOME_CO_TRY(auto burner, start_burner(executor, at_.style, m.dir, load.writes));
        at_.after_us.watch(burner.who());
        burners_.push_back(std::make_shared<child>(std::move(burner)));
        at_.events.spawn(watch(burners_.back(), m.dir));
    }
    for (int waited = 0; load.mounts > 0 && waited < 300; ++waited) {
        BOOST_OUTCOME_CO_TRY(auto counters, co_await at_.api.get("/counters"));
        if (counters["switches"].value("queued", 0) >= load.mounts) break;
        co_await pause(executor, milliseconds(10));
    }
    co_return client::success();
}

asio::awaitable<void> background::watch(std::shared_ptr<child> burner, std::string dir) {
    co_await burner->exited();
    if (stopping_) co_return;
    co_await pause(at_.events.executor(), milliseconds(300));  // if the daemon died under it, that is the news
    if (!stopping_) at_.events.stop(workload_died(*burner, "the burner on " + dir));
}

doing<void> background::in_flight() {
    for (int waited = 0; !burners_.empty() && waited < 250; ++waited) {
        BOOST_OUTCOME_CO_TRY(auto counters, co_await at_.api.get("/counters"));
        if (counters.value("isw_nr_in_flight", 0) > 0) break;
        co_await pause(at_.events.executor(), milliseconds(2));
    }
    co_return client::success();
}

doing<void> background::stop() {
    stopping_ = true;
    ask_to_end();
    for (auto& burner : burners_)
        for (int waited = 0; !burner->ended() && waited < 500; ++waited)
            co_await pause(at_.events.executor(), milliseconds(10));
    kill();
    for (const auto& m : mounts_) {
        json body{{"lazy", false}};
        BOOST_OUTCOME_CO_TRYV(co_await at_.api.post("/mounts/" + m.id + "/umount", body));
        BOOST_OUTCOME_CO_TRYV(co_await at_.api.wait_state(m.id, "dead", milliseconds(70'000)));
        rmdir(m.dir.c_str());
    }
    mounts_.clear();
    co_return client::success();
}

void background::ask_to_end() {
    stopping_ = true;
    for (auto& burner : burners_) {
        burner->let_go();
        burner->send(SIGTERM);
    }
}

void background::kill() {
    ask_to_end();
    for (auto& burner : burners_) {
        if (!burner->finish(milliseconds(500))) {
            burner->send(SIGKILL);
            burner->finish(milliseconds(500));
        }
        machine::remove_cgroups_of(at_.style.cgroup_root, burner->who());
    }
    burners_.clear();
}

}  // namespace drainlab::real
