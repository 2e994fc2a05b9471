#include "tests/system/durability/record.hpp"

#include <catch2/catch.hpp>

using durability::file_record;

namespace {
file_record::change write(std::size_t at, std::string bytes) { return {at, std::move(bytes), false, false}; }
}  // namespace

TEST_CASE("What was on its way may be there or not, what was acknowledged must", "[record]") {
    file_record r;
    r.begins(write(0, "aaaa"));
    CHECK(r.judge("").empty());
    CHECK(r.judge("aa").empty());
    r.all_acknowledged();
    CHECK_FALSE(r.judge("aaa").empty());
    r.begins(write(2, "bbbb"));
    CHECK(r.judge("aaaa").empty());
    CHECK(r.judge("aabbbb").empty());
    CHECK_FALSE(r.judge("abbbbb").empty());
    const auto h = r.begins(write(3, "c"));
    r.acknowledged(h);
    CHECK(r.judge("aaac").empty());
    CHECK_FALSE(r.judge("aaaa").empty());
    CHECK_FALSE(r.judge("aabb").empty());
    CHECK(r.newest() == "aabcbb");
}

TEST_CASE("A truncation under way may cut, and leave zeros behind", "[record]") {
    file_record r;
    r.starts_from("abcdef");
    r.begins({3, {}, true, false});
    CHECK(r.judge("abc").empty());
    CHECK(r.judge("abcdef").empty());
    CHECK_FALSE(r.judge("ab").empty());
    r.begins(write(5, "x"));
    CHECK(r.judge(std::string("abc\0\0x", 6)).empty());
    CHECK_FALSE(r.judge(std::string("ab\0\0\0x", 6)).empty());
}
