#include "fusefs/os/printable.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::os;
using namespace std::string_literals;

TEST_CASE("ordinary names stand for themselves", "[printable]") {
    for (const auto& name : {"/mnt/a b"s, "/\u00e4\u20ac/\U0001F600"s, "\"'$`"s, ""s}) {
        CHECK(to_printable(name) == name);
        CHECK(from_printable(name) == name);
    }
}

TEST_CASE("bytes that are no text are spelled", "[printable]") {
    CHECK(to_printable("\xff") == "\\xff");
    CHECK(to_printable("a\\b") == "a\\\\b");
    CHECK(to_printable("a\nb\r\x1b[2J\t\x7f") == "a\\x0ab\\x0d\\x1b[2J\\x09\\x7f");
    CHECK(to_printable("\xc2\x9b") == "\\xc2\\x9b");           // CSI as one character
    CHECK(to_printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
    CHECK(to_printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
    CHECK(to_printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
    CHECK(to_printable("\xe2\x82") == "\\xe2\\x82");  // cut off
    CHECK(to_printable("\0"s) == "\\x00");
}

TEST_CASE("every string of bytes comes back", "[printable]") {
    std::string all;
    for (int a = 0; a < 256; ++a)
        for (int b : {0, 10, 92, 120, 48, 128, 191, 255})
            all += {static_cast<char>(a), static_cast<char>(b), 'x', '\\'};
    const auto text = to_printable(all);
    CHECK(from_printable(text) == all);
    CHECK(text.find('\n') == std::string::npos);
}

TEST_CASE("a backslash that means nothing is refused", "[printable]") {
    for (const char* text : {"\\", "a\\", "\\n", "\\x", "\\x1", "\\xg0", "\\x0g", "\\\\\\"}) {
        CAPTURE(text);
        CHECK_FALSE(from_printable(text));
    }
    CHECK(from_printable("\\xFF\\xfF") == "\xff\xff");
}

TEST_CASE("a line cannot be forged", "[printable]") {
    CHECK(to_line("a\nb\x1b[31m\\x") == "a\\x0ab\\x1b[31m\\x");
    CHECK(to_line("plain \u00e4") == "plain \u00e4");
}
