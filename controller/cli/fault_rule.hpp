// A fault by operation, as options or one word say it.
#pragma once

#include "controller/cli/command.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace drainlab::cli {

/// The options of `drainctl fault add`. What is not given is the daemon's to choose.
struct fault_options {
    std::vector<std::string> ops;
    std::optional<std::string> name, path, error, cgroup;
    std::optional<duration> delay, limit;
    std::optional<std::int64_t> torn_write, times, after, pid, seed;
    std::optional<double> probability;
    bool hang = false, drop_fsync = false;
};

/// RULE of docs/api.md; what contradicts itself is the daemon's to say.
nlohmann::json fault_rule(const fault_options& o);

/// `op=read|write,path=*.log,errno=EIO,times=1`, `op=open,hang=10s`, `drop_fsync`: the options of `drainctl fault add`,
/// with `_` for `-`. `option` is named in what is wrong with it (exit 2).
result<nlohmann::json> parse_fault_rule(const std::string& option, const std::string& text);

}  // namespace drainlab::cli
