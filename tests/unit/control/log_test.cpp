// The daemon's log: one line a message, in a file that another hand writes.
#include "fusefs/control/scribe.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>
#include <spdlog/spdlog.h>

#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace drainlab::control;

namespace {

std::vector<std::string> lines_of(const std::string& file) {
    std::vector<std::string> all;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
}

}  // namespace

TEST_CASE("each message is one line with its level, whatever names are in it", "[log]") {
    const drainlab::tests::own_folder own;
    const auto before = spdlog::default_logger();
    const auto level = spdlog::get_level();
    const auto file = own / "made/d.log";  // its directory is made
    start_log(file, false);
    spdlog::warn("unmounting {}", "/a\n/b\033[2J");
    spdlog::debug("an event");  // not without --verbose
    finish_log();
    start_log(file, true);  // the next daemon goes on where this one ended
    spdlog::debug("another");
    finish_log();
    spdlog::set_default_logger(before);
    spdlog::set_level(level);
    const auto lines = lines_of(file);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].ends_with(R"( warning unmounting /a\x0a/b\x1b[2J)"));
    CHECK(lines[1].ends_with(" debug another"));
}
