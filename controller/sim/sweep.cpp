#include "controller/sim/sweep.hpp"

#include "controller/sim/machine_keys.hpp"
#include "controller/sim/parse_number.hpp"

#include <utility>

namespace drainlab::sim {

experiment::result<std::vector<axis>> parse_sweep(const std::vector<std::string>& words,
                                                  const machine_options& machine) {
    std::vector<axis> axes;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals != std::string::npos)
            axes.push_back({word.substr(0, equals), {word.substr(equals + 1)}});
        else if (!axes.empty())
            axes.back().second.push_back(word);
        else
            return experiment::usage_error("--sweep " + word + ": KEY=A,B,C is expected, as hz=100,250,1000");
    }
    for (const auto& [key, values] : axes)
        for (const auto& value : values) {
            machine_options tried = machine;
            if (const auto set = set_key(tried, key, value); !set) {
                auto why = set.error();
                why.message = "--sweep: " + why.message;
                return why;
            }
        }
    return axes;
}

std::vector<point> points_of(const std::vector<axis>& axes) {
    std::vector<point> points{{}};
    for (const auto& [key, values] : axes) {
        std::vector<point> longer;
        for (const auto& p : points)
            for (const auto& value : values) {
                longer.push_back(p);
                longer.back()[key] = value;
            }
        points = std::move(longer);
    }
    return points;
}

experiment::result<shard> parse_shard(const std::string& word) {
    const auto slash = word.find('/');
    shard s;
    const bool good = slash != std::string::npos && parse_number(word.substr(0, slash), s.number) &&
                      parse_number(word.substr(slash + 1), s.of) && s.number >= 1 && s.number <= s.of;
    if (!good) return experiment::usage_error("--shard " + word + ": I/N is expected, the I-th of N, as 1/8");
    return s;
}

}  // namespace drainlab::sim
