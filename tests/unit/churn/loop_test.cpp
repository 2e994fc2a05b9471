// Several workers, watched: on filesystems of the test, and with a daemon that is played where one is killed.
#include "controller/churn/loop.hpp"

#include "tests/unit/churn/bound.hpp"
#include "tests/unit/daemons/played_drainfs.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <cstdlib>
#include <filesystem>

using namespace drainlab;
using namespace drainlab::churn;
using churn::test::bound;
using churn::test::on_own_disk;
using namespace std::chrono_literals;

namespace {

/// A loop of two workers, and what it told.
struct watched {
    bound kind;
    options o;
    std::optional<rate> beside;
    std::vector<progress> told;
    std::function<bool()> stop = [] { return false; };
    watched() { o.mounts = 2; }
    outcome run(const std::string& base, host* h = nullptr) {
        return run_loop(
            o, kind, h, base, 1h, beside, [this](const progress& p) { told.push_back(p); }, [this] { return stop(); });
    }
};

daemons::daemon_options played(const drainlab::test::played_drainfs& d, const std::string& folder) {
    setenv("XDG_RUNTIME_DIR", folder.c_str(), 1);
    daemons::daemon_options o;
    o.program = d.program();
    return o;
}

}  // namespace

TEST_CASE("a loop ends when its cycles are done, all of them by all workers together", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              watched w;
              w.o.cycles = 30;
              const auto out = w.run(f.dir);
              if (out.kind != "bound" || out.counts.cycles() != 30) return 1;
              if (!out.interrupted.empty() || out.daemon_kills != 0) return 2;
              if (!out.counts.violations.empty()) return 3;
              if (out.elapsed_s <= 0 || out.began_ns <= 0) return 4;
              for (const char* place : {"bound0/m", "bound0/s", "bound1/m", "bound1/s"})
                  if (!std::filesystem::is_empty(f / place)) return 5;
              return 0;
          }) == 0);
}

TEST_CASE("a loop that is asked to stop says so, and how it went until then", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              watched w;
              w.beside = rate{0.001, 0.0009, 0.0011};
              w.stop = [&] { return !w.told.empty() && !w.told.back().so_far.empty(); };
              const auto out = w.run(f.dir);
              if (out.interrupted != "interrupted") return 1;
              if (!out.cycles_per_s || out.backlog.max.empty()) return 2;
              const auto& last = w.told.back();
              if (last.mounts != "bound" || last.share <= 0 || last.share >= 1) return 3;
              return last.so_far.find(" times as many cycles as drainfs [") != std::string::npos ? 0 : 4;
          }) == 0);
}

TEST_CASE("the share of a loop of so many cycles is that of its cycles", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              watched w;
              w.o.cycles = 1'000'000'000'000;
              w.stop = [&] { return !w.told.empty() && !w.told.back().so_far.empty(); };
              const auto out = w.run(f.dir);
              const auto& last = w.told.back();
              if (last.share > static_cast<double>(out.counts.cycles()) / 1e12) return 1;
              return last.so_far.find(" cycles a second [") != std::string::npos ? 0 : 2;
          }) == 0);
}

TEST_CASE("the daemon is killed in the middle, and another one takes its place", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              drainlab::test::played_drainfs daemon;
              auto h = host::start(played(daemon, f.dir));
              if (!h) return 1;
              const auto first = daemon.pid();
              watched w;
              w.o.kill_daemon = 1ns;
              int looks = 0;
              w.stop = [&] { return ++looks == 3; };
              const auto out = w.run(f / "base", h.value().get());
              if (out.daemon_kills != 2) return 2;
              if (daemon.pid() == first || kill(first, 0) == 0) return 3;
              if (!out.counts.violations.empty()) return 4;
              h.value()->stop();
              return kill(daemon.pid(), 0) == 0 ? 5 : 0;
          }) == 0);
}

TEST_CASE("a daemon that does not come up again ends the loop, and is a violation", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              drainlab::test::played_drainfs daemon;
              auto h = host::start(played(daemon, f.dir));
              if (!h) return 1;
              std::filesystem::remove(daemon.program());
              watched w;
              w.o.kill_daemon = 1ns;
              const auto out = w.run(f / "base", h.value().get());
              if (out.daemon_kills != 1 || !out.interrupted.empty()) return 2;
              if (out.counts.violations.size() != 1) return 3;
              return out.counts.violations[0].starts_with("the daemon did not come up again: ") ? 0 : 4;
          }) == 0);
}
