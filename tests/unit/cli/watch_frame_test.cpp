#include "controller/cli/watch_frame.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

using namespace drainlab::cli;
using nlohmann::json;

namespace {

watch_moment moment(int requests, std::chrono::seconds at) {
    watch_moment m;
    m.at = std::chrono::steady_clock::time_point{at};
    m.counters = {{"requests", requests},
                  {"isw_nr_in_flight", 2},
                  {"drain", {{"calls", 5}, {"waited", 1}}},
                  {"violations", json::array()}};
    m.mounts.push_back({{"id", 1},
                        {"name", "evil\x1b[2J\nname"},
                        {"state", "dying"},
                        {"policy", "persb"},
                        {"dir", "/" + std::string(200, 'x')}});
    m.waiting.push_back(
        {{"task", "umount"}, {"waits_for", "rcu_barrier"}, {"since_ns", 8'900'000'000}, {"kind", "thread"}});
    m.waiting.push_back({{"task", "flusher"}, {"waits_for", "its turn"}, {"since_ns", 0}, {"kind", "service"}});
    return m;
}

}  // namespace

TEST_CASE("a frame shows mounts, who waits for what since when, and rates; no line is too long", "[watch]") {
    const auto before = moment(100, std::chrono::seconds{8});
    const auto text = frame_of(moment(150, std::chrono::seconds{9}), before, {80, 24});
    CHECK(text.find("umount") != std::string::npos);
    CHECK(text.find("rcu_barrier") != std::string::npos);
    CHECK(text.find("since 100 ms") != std::string::npos);
    CHECK(text.find("flusher") == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("dying") != std::string::npos);
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
    CHECK(line_of(moment(150, std::chrono::seconds{9}), before).find("requests 50/s") != std::string::npos);
    CHECK(line_of(moment(150, std::chrono::seconds{9}), std::nullopt).find("requests 0/s") != std::string::npos);
}

TEST_CASE("a frame has room in its terminal: what there is more is counted", "[watch]") {
    auto now = moment(150, std::chrono::seconds{9});
    now.holders["1"] = {"pid 7 (sleep\x1b[2J): an open file"};
    CHECK(frame_of(now, std::nullopt, {80, 24}).find("     held by pid 7 (sleep?[2J): an open file\n") !=
          std::string::npos);
    while (now.mounts.size() < 50) now.mounts.push_back(now.mounts.front());
    for (const screen size : {screen{50, 10}, screen{80, 24}, screen{200, 50}}) {
        const auto text = frame_of(now, std::nullopt, size);
        CHECK(std::count(text.begin(), text.end(), '\n') == size.rows - 1);
        CHECK(text.find("... and ") != std::string::npos);
        CHECK(text.find("rcu_barrier") != std::string::npos);
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);) CHECK(line.size() <= static_cast<std::size_t>(size.columns));
    }
}
