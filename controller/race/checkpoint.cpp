#include "controller/race/checkpoint.hpp"

#include "fusefs/input/json.hpp"
#include "fusefs/input/read_file.hpp"
#include "fusefs/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

namespace drainlab::race {

using nlohmann::json;

namespace {

constexpr auto schema = "drainlab.checkpoint/2";

struct wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

search_state state_from(const json& j) {
    search_state s;
    s.bound = j.at("bound");
    s.finished = j.at("finished");
    s.schedules = j.at("schedules");
    s.choice_points = j.at("choice_points");
    s.seconds = j.at("seconds");
    s.reached = j.at("reached");
    s.tasks = j.at("tasks");
    s.violating = j.at("violating");
    s.verified = j.at("verified");
    for (const auto& branch : j.at("branches")) {
        const std::uint32_t taken = branch.at(0), options = branch.at(1);
        if (taken >= options) throw wrong{"a choice beyond its options"};
        s.branches.push_back({taken, options});
    }
    return s;
}

json json_of(const search_state& s) {
    json branches = json::array();
    for (const auto& b : s.branches) branches.push_back({b.taken, b.options});
    return {{"bound", s.bound},         {"finished", s.finished},
            {"schedules", s.schedules}, {"choice_points", s.choice_points},
            {"seconds", s.seconds},     {"reached", s.reached},
            {"tasks", s.tasks},         {"violating", s.violating},
            {"verified", s.verified},   {"branches", branches}};
}

}  // namespace

result<checkpoint> checkpoint::read(const std::string& file) {
    checkpoint c;
    const auto in = input::read_file(file, 256 * input::mebibyte);
    if (in.err == ENOENT) return c;
    if (!in.text) return words::usage_error("--checkpoint " + in.error);
    try {
        auto parsed = input::parse_json(*in.text);
        if (!parsed.value) throw wrong{parsed.error};
        const json& j = *parsed.value;
        if (j.at("schema") != schema) throw wrong{"another schema"};
        if (j.at("git") != git_revision())
            throw wrong{"made by version " + j.at("git").get<std::string>() + ", this is " + git_revision()};
        for (const json& p : j.at("searches"))
            c.places_.push_back(
                {p.at("policy"), p.at("world"), p.at("fingerprint"), p.at("preemptions"), state_from(p.at("state"))});
        return c;
    } catch (const std::exception& e) {
        return words::usage_error("--checkpoint " + file + ": not a checkpoint of this tool (" + e.what() + ")",
                                  "remove it to start anew");
    }
}

result<void> checkpoint::write(const std::string& file) const {
    json searches = json::array();
    for (const place& p : places_)
        searches.push_back({{"policy", p.policy},
                            {"world", p.world},
                            {"fingerprint", p.fingerprint},
                            {"preemptions", p.preemptions},
                            {"state", json_of(p.state)}});
    const std::string fresh = file + ".new";
    std::ofstream out{fresh, std::ios::trunc};
    out << json{{"schema", schema}, {"git", git_revision()}, {"searches", searches}}.dump() << '\n';
    out.close();
    if (!out || std::rename(fresh.c_str(), file.c_str()) != 0)
        return words::system_failure("--checkpoint " + file, errno, words::exit_code::usage);
    return words::success();
}

const search_state* checkpoint::find(std::string_view policy, const world_spec& world, int preemptions) const {
    const auto at =
        std::find_if(places_.begin(), places_.end(), [&](const place& p) { return p.is(policy, world, preemptions); });
    return at == places_.end() ? nullptr : &at->state;
}

void checkpoint::keep(std::string_view policy, const world_spec& world, int preemptions, search_state state) {
    std::erase_if(places_, [&](const place& p) { return p.is(policy, world, preemptions); });
    places_.push_back({std::string{policy}, world.name, world.fingerprint, preemptions, std::move(state)});
}

}  // namespace drainlab::race
