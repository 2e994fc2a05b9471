// The daemon of a churn, played: what is asked of it, and what is left when it is replaced.
#include "controller/churn/host.hpp"

#include "tests/unit/churn/bound.hpp"
#include "tests/unit/daemons/played_drainfs.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <csignal>
#include <cstdlib>

using namespace drainlab;
using namespace drainlab::churn;
using drainlab::test::answer;
using drainlab::test::asked;
using nlohmann::json;
using texts = std::vector<std::string>;

namespace {

struct played_host {
    folder f;
    drainlab::test::played_drainfs daemon;
    daemons::daemon_options with;
    played_host() {
        setenv("XDG_RUNTIME_DIR", f.dir.c_str(), 1);
        with.program = daemon.program();
    }
    ~played_host() { unsetenv("XDG_RUNTIME_DIR"); }
};

}  // namespace

TEST_CASE("a host's daemon has the profile it was told, is asked who it is, and ends with the host", "[churn]") {
    played_host p;
    p.with.profile = "zero";
    auto started = host::start(p.with);
    REQUIRE(started);
    auto& h = *started.value();
    const auto told = p.daemon.words();
    const auto at = std::find(told.begin(), told.end(), "--profile");
    REQUIRE(at != told.end());
    CHECK(at[1] == "zero");
    CHECK(std::find(told.begin(), told.end(), h.socket()) != told.end());
    CHECK(p.daemon.requests() == texts{"GET /health"});
    CHECK(h.descriptors_left() == 0);
    h.stop();
    CHECK(kill(p.daemon.pid(), 0) != 0);
    CHECK(h.descriptors_left() == 0);
}

TEST_CASE("another daemon takes the place of a killed one, elsewhere, and workers can tell", "[churn]") {
    played_host p;
    p.daemon.taken["violations"] = {{{"message", "one is left"}}};
    auto started = host::start(p.with);
    REQUIRE(started);
    auto& h = *started.value();
    const auto socket = h.socket();
    const auto first = p.daemon.pid();
    churn::test::bound kind;
    yard y{kind};
    REQUIRE(h.replace(y));
    CHECK(y.epoch == 2);
    CHECK(y.daemon_up);
    CHECK(h.socket() != socket);
    CHECK(p.daemon.pid() != first);
    CHECK(kill(first, 0) != 0);
    CHECK(h.violations == texts{"one is left"});  // of the first one, before it was killed
    CHECK(p.daemon.requests() == texts{"GET /health", "POST /counters/take", "GET /health"});
}

TEST_CASE("violations of a daemon that does not answer are not known", "[churn]") {
    played_host p;
    p.daemon.answer_with([](const asked&) { return answer{0, {}, answer::hang_up}; });
    auto started = host::start(p.with);
    REQUIRE(started);
    started.value()->note_violations();
    CHECK(started.value()->violations.empty());
}

TEST_CASE("a host without a daemon is none", "[churn]") {
    played_host p;
    p.with.program = p.f / "none";
    const auto none = host::start(p.with);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == "no_program");
}
