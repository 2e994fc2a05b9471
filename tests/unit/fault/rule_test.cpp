// What may be asked for, and what contradicts itself.
#include "fusefs/fault/rule.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <cmath>
#include <set>

using namespace drainlab::fault;
using namespace std::chrono_literals;

namespace {

operations only(std::initializer_list<operation> some) {
    operations ops;
    for (const auto op : some) ops.set(static_cast<std::size_t>(op));
    return ops;
}

rule failing(operations ops = any_operation()) {
    rule r;
    r.ops = ops;
    r.error = EIO;
    return r;
}

}  // namespace

TEST_CASE("Every operation has a word of its own, and no other word is one", "[operation]") {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < operation_count; ++i) {
        const auto op = static_cast<operation>(i);
        CHECK(parse_operation(to_string(op)) == op);
        CHECK(seen.insert(to_string(op)).second);
    }
    for (const auto* word : {"", "any", "READ", "read ", "forget", "init", "interrupt"}) CHECK(!parse_operation(word));
}

TEST_CASE("`any` is every operation but those nobody waits for", "[operation]") {
    CHECK(any_operation().count() == operation_count - 2);
    CHECK(!any_operation().test(static_cast<std::size_t>(operation::release)));
    CHECK(!any_operation().test(static_cast<std::size_t>(operation::releasedir)));
    CHECK(has_caller(operation::flush));
}

TEST_CASE("A device's latency is for names and attributes that it has to look for, not for bytes", "[operation]") {
    for (const auto op : {operation::lookup, operation::readdir, operation::create, operation::rename})
        CHECK(is_metadata(op));
    for (const auto op : {operation::read, operation::write, operation::fsync, operation::release, operation::statfs})
        CHECK(!is_metadata(op));
}

TEST_CASE("A rule that says nothing, or two things at once, is refused by the name of its key", "[rule]") {
    rule r;
    CHECK(wrong_with(r).find("delay, hang, errno") != std::string::npos);
    CHECK(wrong_with(failing()).empty());

    SECTION("no operation") { CHECK(wrong_with(failing({})).find("'op'") != std::string::npos); }
    SECTION("waiting twice") {
        r.delay = 1s;
        r.hang = 1s;
        CHECK(wrong_with(r).find("'hang'") != std::string::npos);
    }
    SECTION("waiting longer than anybody may") {
        r.delay = longest_wait + 1ns;
        CHECK(wrong_with(r).find("'delay'") != std::string::npos);
        r.delay = longest_wait;
        CHECK(wrong_with(r).empty());
        r.delay = 0ns;
        r.hang = longest_wait + 1ns;
        CHECK(wrong_with(r).find("'limit'") != std::string::npos);
        r.hang = 0ns;
        CHECK(wrong_with(r).find("'limit'") != std::string::npos);
        r.hang = longest_wait;
        CHECK(wrong_with(r).empty());
    }
    SECTION("tearing what is no write") {
        r.torn_write = 1;
        CHECK(wrong_with(r).find("'torn_write'") != std::string::npos);
        r.ops = only({operation::write, operation::read});
        CHECK(wrong_with(r).find("'torn_write'") != std::string::npos);
        r.ops = only({operation::write});
        CHECK(wrong_with(r).empty());
        r.error = EIO;  // the caller is told that it failed, and the first bytes are there
        CHECK(wrong_with(r).empty());
    }
    SECTION("dropping what is no fsync") {
        r.drop_fsync = true;
        CHECK(wrong_with(r).find("'drop_fsync'") != std::string::npos);
        r.ops = only({operation::fsync, operation::fsyncdir});
        CHECK(wrong_with(r).empty());
        r.error = EIO;
        CHECK(wrong_with(r).find("'errno'") != std::string::npos);
    }
    SECTION("an error that nobody hears") {
        CHECK(wrong_with(failing(only({operation::release}))).find("flush") != std::string::npos);
        r.ops = only({operation::release, operation::releasedir});
        r.delay = 1s;
        CHECK(wrong_with(r).empty());
    }
    SECTION("numbers and paths out of range") {
        r = failing();
        for (const double p : {-0.1, 1.1, static_cast<double>(NAN)}) {
            r.probability = p;
            CHECK(wrong_with(r).find("'probability'") != std::string::npos);
        }
        r = failing();
        r.cgroup = "a/b";
        CHECK(wrong_with(r).find("'cgroup'") != std::string::npos);
    }
}
