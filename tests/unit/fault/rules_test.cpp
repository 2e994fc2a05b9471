// Which requests are struck: in every combination of what a rule can ask of them.
#include "fusefs/fault/rules.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>

using namespace drainlab::fault;
using namespace std::chrono_literals;

namespace {

operations only(operation op) {
    operations ops;
    ops.set(static_cast<std::size_t>(op));
    return ops;
}

rule on(operation op, std::string path = "*") {
    rule r;
    r.ops = only(op);
    r.path = std::move(path);
    r.error = EIO;
    return r;
}

/// Which of `n` equal calls are struck, as a word of 0 and 1.
std::string pattern(rule r, int n) {
    rules all;
    all.add(std::move(r));
    std::string word;
    for (int i = 0; i < n; ++i) word += all.decide({operation::read, "/f"}) ? '1' : '0';
    return word;
}

}  // namespace

TEST_CASE("A rule strikes its own operations and no other", "[rules]") {
    for (std::size_t i = 0; i < operation_count; ++i)
        for (std::size_t k = 0; k < operation_count; ++k) {
            rules all;
            all.add(on(static_cast<operation>(i)));
            CHECK((all.decide({static_cast<operation>(k), "/f"}) != nullptr) == (i == k));
            CHECK(all.needs_of(static_cast<operation>(k)).any == (i == k));
        }
}

TEST_CASE("Path, process and cgroup all have to be as the rule says", "[rules]") {
    const bool path_fits = GENERATE(false, true), process_fits = GENERATE(false, true),
               cgroup_fits = GENERATE(false, true);
    rules all;
    rule r = on(operation::write, "/data/*");
    r.pid = 42;
    r.cgroup = "/a/b";
    all.add(r);
    const auto needs = all.needs_of(operation::write);
    CHECK((needs.path && needs.process && needs.cgroup));
    const call c{operation::write, path_fits ? "/data/x/y" : "/other", process_fits ? 42 : 41,
                 cgroup_fits ? "/a/b/c" : "/a/bc"};
    CHECK((all.decide(c) != nullptr) == (path_fits && process_fits && cgroup_fits));
    CHECK(all.all()[0]->saw.matched == (path_fits && process_fits && cgroup_fits ? 1u : 0u));
}

TEST_CASE("What no rule asks about is not to be found out", "[rules]") {
    rules all;
    CHECK(!all.needs_of(operation::read).any);
    all.add(on(operation::read));
    const auto needs = all.needs_of(operation::read);
    CHECK(needs.any);
    CHECK(!needs.path);
    CHECK(!needs.process);
    CHECK(!needs.cgroup);
}

TEST_CASE("A cgroup contains itself and what lies below it, not what merely begins like it", "[rules]") {
    CHECK(is_in_cgroup("/a", "/a"));
    CHECK(is_in_cgroup("/a/b", "/a"));
    CHECK(!is_in_cgroup("/ab", "/a"));
    CHECK(!is_in_cgroup("/", "/a"));
    CHECK(!is_in_cgroup("", "/a"));
    CHECK(is_in_cgroup("/x", "/"));
    CHECK(!is_in_cgroup("", "/"));  // not known
}

TEST_CASE("`after` lets the first ones pass, `times` bounds the rest", "[rules]") {
    rule r = on(operation::read);
    CHECK(pattern(r, 4) == "1111");
    r.after = 2;
    CHECK(pattern(r, 5) == "00111");
    r.times = 1;
    CHECK(pattern(r, 5) == "00100");
    r.after = 0;
    CHECK(pattern(r, 3) == "100");
    r.times = 0;
    CHECK(pattern(r, 3) == "000");
}

TEST_CASE("The same seed strikes the same requests again, another one others", "[rules]") {
    rule r = on(operation::read);
    r.probability = 0.5;
    r.seed = 7;
    const auto first = pattern(r, 64);
    CHECK(pattern(r, 64) == first);
    r.seed = 8;
    CHECK(pattern(r, 64) != first);
    const auto ones = std::count(first.begin(), first.end(), '1');
    CHECK(ones > 16);
    CHECK(ones < 48);
    r.probability = 0;
    CHECK(pattern(r, 16) == std::string(16, '0'));
    r.probability = 0.5;
    r.times = 3;  // of those that chance has chosen
    const auto bounded = pattern(r, 64);
    CHECK(std::count(bounded.begin(), bounded.end(), '1') == 3);
}

TEST_CASE("The first rule that strikes decides; one that does not lets the next one look", "[rules]") {
    rules all;
    rule first = on(operation::read);
    first.name = "first";
    first.times = 1;
    rule second = on(operation::read);
    second.name = "second";
    all.add(first);
    all.add(second);
    CHECK(all.decide({operation::read, "/f"})->asked.name == "first");
    CHECK(all.decide({operation::read, "/f"})->asked.name == "second");
    CHECK(all.all()[0]->saw.matched == 2);
    CHECK(all.all()[1]->saw.matched == 1);
}

TEST_CASE("Names are given where none is, and are there once", "[rules]") {
    rules all;
    rule named = on(operation::read);
    named.name = "fault-1";
    CHECK(all.add(named));
    CHECK(!all.add(named));
    CHECK(all.add(on(operation::read)));
    CHECK(all.all()[1]->asked.name == "fault-2");
    CHECK(all.clear("fault-1") == 1);
    CHECK(all.clear("fault-1") == 0);
    CHECK(all.add(on(operation::write)));
    CHECK(all.all()[1]->asked.name == "fault-3");
    CHECK(all.clear() == 2);
    CHECK(all.empty());
}

TEST_CASE("A hang is released by name or with all, and with its rule", "[rules]") {
    rules all;
    rule hang = on(operation::read);
    hang.hang = 1s;
    hang.name = "a";
    all.add(hang);
    hang.name = "b";
    all.add(hang);
    const auto a = all.all()[0], b = all.all()[1];
    a->saw.held = 2;
    CHECK(all.release("a") == 2);
    CHECK((a->releases == 1 && b->releases == 0));
    CHECK(all.release() == 2);
    CHECK((a->releases == 2 && b->releases == 1));
    all.clear("b");
    CHECK((b->removed && !a->removed));
}

TEST_CASE("Asked and observed agree only if every request is accounted for and got what it was to get", "[observed]") {
    active a;
    a.asked.delay = 1s;
    a.saw.injected = 3;
    a.saw.answered = 1;
    a.saw.interrupted = 1;
    CHECK(!a.as_asked());
    a.saw.under_way = 1;
    CHECK(a.as_asked());
    a.saw.delays = {2, 2s, 2s + 1ms, 1ms};
    CHECK(a.as_asked());
    SECTION("one waited less than it was to") {
        a.saw.delays.took = 2s - 1ms;
        CHECK(!a.as_asked());
    }
    SECTION("a hang went on beyond its limit") {
        a.asked.hang = 1s;
        a.saw.longest_hang = 1s + 500ms;
        CHECK(a.as_asked());
        a.saw.longest_hang = 2s + 1ns;
        CHECK(!a.as_asked());
    }
    SECTION("another answer went out") {
        a.saw.wrong_answers = 1;
        CHECK(!a.as_asked());
    }
}
