// A worker's cycles on filesystems of the test.
#include "controller/churn/worker.hpp"

#include "controller/churn/evidence.hpp"
#include "controller/churn/leftovers.hpp"
#include "controller/machine/process.hpp"
#include "tests/unit/churn/bound.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <cstdio>
#include <fcntl.h>
#include <filesystem>

using namespace drainlab;
using namespace drainlab::churn;
using churn::test::bound;
using churn::test::on_own_disk;
using drainlab::test::cannot_mount;
using drainlab::test::in_own_namespace;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Cycles of one worker on this kind.
tally cycles(mounts::mountable& kind, const std::string& base, int number, mix weights = {1, 1, 1}) {
    yard y{kind};
    y.weights = weights;
    y.limited = true;
    y.cycles_left = number;
    worker w{y, base, 7};
    w.run();
    if (y.backlog != 0) std::puts("a death is owed");
    for (const auto& v : w.counts().violations) std::puts(v.c_str());
    auto counts = w.counts();
    if (y.backlog != 0) counts.violations.emplace_back("a death is owed");
    return counts;
}

bool says(const tally& t, const std::string& text) {
    return !t.violations.empty() && std::all_of(t.violations.begin(), t.violations.end(),
                                                [&](const auto& v) { return v.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("on a filesystem that keeps its word all cycles are fine, and nothing is left", "[churn]") {
    const folder f;
    CHECK(on_own_disk(f, [&] {
              bound kind;
              const auto t = cycles(kind, f.dir, 120);
              if (!t.violations.empty() || t.interrupted != 0) return 1;
              if (t.cycles() != 120) return 2;
              for (const auto& a : t.actions)
                  if (a.cycles == 0 || a.held == 0 || a.ns.count() != a.cycles) return 3;
              if (t.actions[0].busy != t.actions[0].held || t.actions[2].busy != t.actions[2].held) return 4;
              if (t.actions[1].busy != 0) return 5;
              if (t.holders_killed == 0 || t.bytes_verified == 0) return 6;
              if (mounts_below(f / "m") != 0) return 7;
              if (!fs::is_empty(f / "s")) return 8;
              for (const auto& m : t.unmounts.all())
                  if (!m.dead) return 9;
              return 0;
          }) == 0);
}

TEST_CASE("a filesystem that breaks its word is found out", "[churn]") {
    const folder f;
    struct forgetful : bound {
        client::result<void> wait_dead(const mounts::made& m, std::chrono::milliseconds) override {
            for (const auto& file : fs::directory_iterator(m.store)) fs::resize_file(file, 0);
            return client::success();
        }
    } loses_bytes;
    struct stubborn : bound {
        client::result<void> wait_dead(const mounts::made&, std::chrono::milliseconds) override {
            return client::failure{"timeout", "it lives", {}, client::exit_code::timed_out, 0};
        }
    } does_not_die;
    struct absent : bound {
        client::result<mounts::made> mount(const std::string& dir, const std::string& store) override {
            return mounts::made{dir, {}, store};
        }
    } is_not_there;
    struct unwilling : bound {
        client::result<mounts::made> mount(const std::string&, const std::string&) override {
            return client::failure{"no", "no room", {}, client::exit_code::broken, 0};
        }
    } cannot_be_made;
    CHECK(on_own_disk(f, [&] {
              if (!says(cycles(loses_bytes, f.dir, 6, {1, 1, 0}), "bytes that are not the")) return 1;
              if (!says(cycles(does_not_die, f.dir, 4, {1, 0, 1}), "waiting for its death: it lives")) return 2;
              const auto t = cycles(is_not_there, f.dir, 12, {1, 0, 0});
              if (t.violations.size() != 12) return 3;
              if (!says(cycles(cannot_be_made, f.dir, 3), "mount: no room")) return 4;
              return mounts_below(f / "m") == 0 ? 0 : 5;
          }) == 0);
}

TEST_CASE("what goes wrong while the daemon is away is an interrupted cycle, not a violation", "[churn]") {
    const folder f;
    struct interrupted : bound {
        yard* y = nullptr;
        int left = 3;
        client::result<mounts::made> mount(const std::string& dir, const std::string& store) override {
            if (left-- <= 0) return bound::mount(dir, store);
            ++y->epoch;
            return client::failure{"gone", "nobody answers", {}, client::exit_code::broken, 0};
        }
    } kind;
    CHECK(on_own_disk(f, [&] {
              yard y{kind};
              kind.y = &y;
              y.limited = true;
              y.cycles_left = 5;
              worker w{y, f.dir, 3};
              w.run();
              return w.counts().interrupted == 3 && w.counts().violations.empty() && w.counts().cycles() == 2 ? 0 : 1;
          }) == 0);
}

TEST_CASE("evidence names what is mounted, and us where we hold it", "[churn]") {
    const folder f;
    fs::create_directory(f / "m");
    CHECK(look_at(f / "m").text == "mountinfo: nothing is mounted there");
    CHECK(in_own_namespace([&] {
              if (::mount("churn-test", (f / "m").c_str(), "tmpfs", 0, "size=64k") != 0) return cannot_mount;
              const auto idle = look_at(f / "m");
              if (!idle.mounted || idle.by_us || idle.text.find("tmpfs churn-test") == std::string::npos) return 1;
              if (!idle.text.ends_with("; nobody holds it")) return 2;
              const int fd = open((f / "m/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
              const auto held = look_at(f / "m");
              if (fd < 0 || !held.by_us || held.text.find("; ours: fd " + (f / "m/file")) == std::string::npos)
                  return 3;
              close(fd);
              return 0;
          }) == 0);
}

TEST_CASE("a census notices what is there that was not before", "[churn]") {
    const folder f;
    const auto before = take_census();
    leftovers none;
    compare_census(before, f / "gone", none);
    CHECK(none.clean());
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    holder_process child;
    REQUIRE(child.start(f.dir, ""));
    leftovers some;
    compare_census(before, f.dir, some);
    CHECK(some.descriptors >= 2);
    CHECK(some.processes == 1);
    CHECK(some.files == 1);
    CHECK_FALSE(some.clean());
    child.end();
    CHECK_FALSE(child.running());
    close(ends[0]);
    close(ends[1]);
    CHECK_FALSE(child.start(f / "nowhere", ""));
}

TEST_CASE("a killed writer's blocks are whole, in order, and none that was acknowledged is missing", "[churn]") {
    const folder f;
    holder_process writer;
    REQUIRE(writer.start(f.dir, "file"));
    while (writer.acknowledged() < 3) {}
    writer.end();
    const auto text = machine::read_text(f / "file");
    const auto told = writer.acknowledged();
    CHECK(check_blocks(text, told).empty());
    CHECK(check_blocks(text.substr(0, text.size() - 1), told).starts_with("half a block: "));
    CHECK(check_blocks(text.substr(0, 4096), told).starts_with("lost or invented blocks: "));
    auto wrong = text;
    wrong[4096 + 17] ^= 1;
    CHECK(check_blocks(wrong, told).starts_with("block 1 is not what was written: "));
}
