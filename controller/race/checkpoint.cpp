#include "controller/race/checkpoint.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <fstream>

namespace drainlab::race {

using nlohmann::json;

namespace {

constexpr auto schema = "drainlab.checkpoint/1";

search_state state_from(const json& j) {
    search_state s;
    s.bound = j.at("bound");
    s.schedules = j.at("schedules");
    s.choice_points = j.at("choice_points");
    s.seconds = j.at("seconds");
    s.reached = j.at("reached");
    for (const auto& branch : j.at("branches")) {
        const std::uint32_t taken = branch.at(0), options = branch.at(1);
        if (taken >= options) throw std::out_of_range{"a choice beyond its options"};
        s.branches.push_back({taken, options});
    }
    return s;
}

}  // namespace

result<std::optional<checkpoint>> read_checkpoint(const std::string& file) {
    std::ifstream in{file};
    if (!in) return std::optional<checkpoint>{};
    try {
        const json j = json::parse(in);
        if (j.at("schema") != schema) throw std::out_of_range{"another schema"};
        return std::optional{checkpoint{j.at("policy"), j.at("world"), j.at("preemptions"), state_from(j.at("state"))}};
    } catch (const std::exception& e) {
        return client::usage_error("--checkpoint " + file + ": not a checkpoint of this tool (" + e.what() + ")",
                                   "remove it to start anew");
    }
}

result<void> write_checkpoint(const std::string& file, const checkpoint& c) {
    json branches = json::array();
    for (const auto& b : c.state.branches) branches.push_back({b.taken, b.options});
    const json j{{"schema", schema},
                 {"policy", c.policy},
                 {"world", c.world},
                 {"preemptions", c.preemptions},
                 {"state",
                  {{"bound", c.state.bound},
                   {"schedules", c.state.schedules},
                   {"choice_points", c.state.choice_points},
                   {"seconds", c.state.seconds},
                   {"reached", c.state.reached},
                   {"branches", branches}}}};
    const std::string fresh = file + ".new";
    std::ofstream out{fresh, std::ios::trunc};
    out << j.dump() << '\n';
    out.close();
    if (!out || std::rename(fresh.c_str(), file.c_str()) != 0)
        return client::system_failure("--checkpoint " + file, errno, client::exit_code::usage);
    return client::success();
}

}  // namespace drainlab::race
