// A whole churn: with a daemon that is played and whose mounts are bound directories, then on tmpfs of the machine.
#include "controller/churn/churn.hpp"
#include "controller/machine/mountinfo.hpp"
#include "tests/unit/churn/bound.hpp"
#include "tests/unit/daemons/played_drainfs.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

using namespace drainlab;
using namespace drainlab::churn;
using churn::test::on_own_disk;
using drainlab::test::answer;
using drainlab::test::asked;

namespace {

bool a_tmpfs_is_mounted() {
    const auto all = machine::read_mountinfo();
    return std::any_of(all.begin(), all.end(),
                       [](const auto& m) { return m.fstype == "tmpfs" && m.source == "drainlab"; });
}

/// Binds what drainfs would mount.
std::optional<answer> bind(const asked& r) {
    if (r.what != "POST /mounts") return std::nullopt;
    const std::string dir = r.body["dir"], store = r.body["store"];
    if (mount(store.c_str(), dir.c_str(), nullptr, MS_BIND, nullptr) == 0) return std::nullopt;
    return answer{500, {{"error", {{"code", "failed"}, {"message", "no bind"}}}}};
}

struct played_churn {
    drainlab::test::played_drainfs daemon;
    options o;
    std::string seen;  ///< the mounts told of last
    std::function<bool()> stop = [] { return false; };
    explicit played_churn(const folder& f) {
        setenv("XDG_RUNTIME_DIR", f.dir.c_str(), 1);
        daemon.answer_with(bind);
        o.program = daemon.program();
        o.mounts = 2;
        o.cycles = 20;
        o.policy = "persb";
        o.compare = false;
    }
    auto run() {
        return run_churn(
            o, [this](const progress& p) { seen = p.mounts; }, [this] { return stop(); });
    }
};

/// Where the daemon had its socket, and the workers their mounts: the only thing that may stay.
bool only_the_folder_stays(const folder& f) {
    namespace fs = std::filesystem;
    return fs::is_empty(f / "drainlab") && std::distance(fs::directory_iterator(f.dir), {}) == 1;
}

}  // namespace

TEST_CASE("a churn makes its cycles on mounts of its daemon, and leaves nothing", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              played_churn c{f};
              const auto out = c.run();
              if (!out) return 1;
              const auto& r = out.value();
              if (r.ours.kind != "drainfs" || r.ours.counts.cycles() != 20) return 2;
              if (!r.ours.counts.violations.empty() || !r.ours.interrupted.empty()) return 3;
              if (r.bare || !r.bare_why.empty()) return 4;
              if (r.left.mounts != 0 || r.left.processes != 0 || r.left.files != 0) return 5;
              const auto mounts = c.daemon.bodies("POST /mounts");
              if (mounts.size() < 20 || mounts[0]["policy"] != "persb") return 6;
              if (c.daemon.requests().back() != "POST /counters/take") return 7;
              return only_the_folder_stays(f) ? 0 : 8;
          }) == 0);
}

TEST_CASE("a churn has what the daemon knows to be violated, and what its mounts did not do", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              played_churn c{f};
              c.o.cycles = 4;
              c.daemon.taken["violations"] = {{{"message", "one is left"}}};
              c.daemon.answer_with([](const asked& r) -> std::optional<answer> {
                  if (r.what != "POST /mounts") return std::nullopt;
                  return answer{500, {{"error", {{"code", "failed"}, {"message", "no room"}}}}};
              });
              const auto out = c.run();
              if (!out) return 1;
              const auto& r = out.value();
              if (r.fine() || r.ours.counts.cycles() != 0) return 2;
              const auto& all = r.ours.counts.violations;
              if (all.size() != 5 || all.back() != "one is left") return 3;
              return all[0].ends_with("/m: mount: no room") ? 0 : 4;
          }) == 0);
}

TEST_CASE("afterwards the same is done on tmpfs", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              played_churn c{f};
              c.o.compare = true;
              c.stop = [&] { return c.seen == "tmpfs" && a_tmpfs_is_mounted(); };  // a cycle is under way
              const auto out = c.run();
              if (!out) return 1;
              const auto& r = out.value();
              if (!r.ours.interrupted.empty() || r.ours.counts.cycles() != 20) return 2;
              if (!r.bare) return r.bare_why.find("tmpfs") == std::string::npos ? 3 : drainlab::test::cannot_mount;
              if (r.bare->kind != "tmpfs" || !r.bare->counts.violations.empty()) return 4;
              return r.left.mounts == 0 && r.left.files == 0 ? 0 : 5;
          }) == 0);
}

TEST_CASE("a churn that is interrupted has no comparison", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              played_churn c{f};
              c.o.compare = true;
              c.o.cycles.reset();
              c.o.length = std::chrono::hours(1);
              c.stop = [] { return true; };
              const auto out = c.run();
              if (!out || out.value().ours.interrupted != "interrupted") return 1;
              return out.value().bare || c.seen == "tmpfs" ? 2 : 0;
          }) == 0);
}

TEST_CASE("a churn without its daemon is none, and leaves nothing", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              played_churn c{f};
              c.o.program = f / "none";
              const auto out = c.run();
              if (out || out.error().code != "no_program") return 1;
              return only_the_folder_stays(f) ? 0 : 2;
          }) == 0);
}

TEST_CASE("who may not unmount is told how to", "[churn]") {
    const folder f;
    if (geteuid() != 0) return;
    auto c = machine::child::start({}, [&] {
        if (setuid(65534) != 0) return 1;
        const auto out = run_churn(
            {}, [](const progress&) {}, [] { return false; });
        if (out || out.error().code != "denied") return 2;
        return out.error().hint.find("unshare -Urm") != std::string::npos ? 0 : 3;
    });
    REQUIRE(c);
    CHECK(machine::shell_status(c.value().wait(std::chrono::seconds(60)).value_or(-1)) == 0);
}
