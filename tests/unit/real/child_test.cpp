#include "controller/real/child.hpp"

#include "controller/real/umount_call.hpp"
#include "controller/real/workload.hpp"
#include "tests/unit/real/on_loop.hpp"

#include <csignal>
#include <filesystem>

using namespace drainlab;
using namespace drainlab::real;
namespace asio = boost::asio;

namespace {

client::result<child> start(loop& events, const scratch_dir& dir, std::vector<std::string> words) {
    return child::start(events.executor(), std::move(words), dir.dir + "/errors");
}

asio::awaitable<client::result<int>> end_of(child& c) { co_return co_await c.exited(); }
asio::awaitable<client::result<std::string>> line_of(child& c) { co_return co_await c.line(); }

}  // namespace

TEST_CASE("a child ends with its code, and its last words are one line", "[child]") {
    loop events;
    const scratch_dir dir;
    auto c = start(events, dir, {"sh", "-c", "echo first >&2; echo second >&2; exit 7"}).value();
    CHECK(events.drive(end_of(c), std::chrono::seconds(30)).value() == 7);
    CHECK(c.ended() == 7);
    CHECK(c.finish(std::chrono::milliseconds(0)));
    CHECK(c.last_words() == "first second");
    const auto why = workload_died(c, "the burner");
    CHECK(why.message == "the burner ended: first second");
    CHECK(why.exit == client::exit_code::broken);
}

TEST_CASE("a child that is told something answers, and ends when it is let go", "[child]") {
    loop events;
    const scratch_dir dir;
    auto c = start(events, dir, {"cat"}).value();
    c.tell("hello\n");
    CHECK(events.drive(line_of(c), std::chrono::seconds(30)).value() == "hello");
    CHECK_FALSE(c.ended());
    c.let_go();
    c.tell("nobody reads this\n");  // harmless
    CHECK(events.drive(end_of(c), std::chrono::seconds(30)).value() == 0);
    CHECK(workload_died(c, "cat").message == "cat ended: exit code 0");
}

TEST_CASE("a child that a signal ends has 128 and its number; what it said half is a line", "[child]") {
    loop events;
    const scratch_dir dir;
    auto c = start(events, dir, {"sh", "-c", "printf ready; kill -9 $$"}).value();
    CHECK(events.drive(line_of(c), std::chrono::seconds(30)).value() == "ready");
    CHECK(events.drive(end_of(c), std::chrono::seconds(30)).value() == 128 + SIGKILL);
    c.send(SIGTERM);  // nobody is there
}

TEST_CASE("a moved child is the same child", "[child]") {
    loop events;
    const scratch_dir dir;
    auto first = start(events, dir, {"cat"}).value();
    const auto pid = first.pid();
    child second{std::move(first)};
    CHECK(second.pid() == pid);
    CHECK(second.who().pid == pid);
    second.send(SIGTERM);
    CHECK(events.drive(end_of(second), std::chrono::seconds(30)).value() == 128 + SIGTERM);
}

TEST_CASE("a program that is not there cannot be run here", "[child]") {
    loop events;
    const scratch_dir dir;
    const auto none = start(events, dir, {dir.dir + "/no-such-program"});
    if (none) {  // where only the child itself finds out
        auto c = start(events, dir, {dir.dir + "/no-such-program"});
        CHECK(events.drive(end_of(c.value()), std::chrono::seconds(30)).value() == 127);
    } else {
        CHECK(none.error().exit == client::exit_code::cannot_run);
    }
    const auto nowhere = child::start(events.executor(), {"true"}, dir.dir + "/no/such/folder");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().message.find("/no/such/folder") != std::string::npos);
}

TEST_CASE("unmounting what is no mount fails with its reason, either way", "[umount]") {
    loop events;
    const scratch_dir dir;
    const auto way = GENERATE(umount_way::umount8, umount_way::syscall);
    const auto out = events.drive(timed_umount(events.executor(), way, dir.dir, dir.dir), std::chrono::seconds(30));
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == client::exit_code::broken);
    CHECK(out.error().message.find(dir.dir) != std::string::npos);
    CHECK_FALSE(events.stopped());
}

TEST_CASE("workloads are told where to live and how much to write", "[workload]") {
    loop events;
    const scratch_dir dir;
    // Beside the test there are the real programs; what they are told is seen by what they do:
    // a burner without a cgroup root makes a session of its own and writes until it is let go.
    const std::string home = dir.dir + "/mount";
    std::filesystem::create_directory(home);
    workload_style style;
    style.errors = dir.dir;
    auto started = start_burner(events.executor(), style, home, 4);
    if (!started) {
        CHECK(started.error().message.find("drainlab-burner") != std::string::npos);
        return;
    }
    auto& burner = started.value();
    burner.let_go();
    CHECK(events.drive(end_of(burner), std::chrono::seconds(30)).value() == 0);
    CHECK(burner.last_words().empty());
    style.cgroup_root = dir.dir + "/no-cgroup-here";
    auto lost = start_container(events.executor(), style, home, 3).value();
    CHECK(events.drive(end_of(lost), std::chrono::seconds(30)).value() != 0);
    CHECK(workload_died(lost, "a container").message.find("no-cgroup-here") != std::string::npos);
}
