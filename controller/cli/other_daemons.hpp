// The other daemons of ours on this machine, whatever socket they are on.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace drainlab::cli {

/// A drainfs of ours on another socket, as far as /proc and its record tell.
struct other_daemon {
    pid_t pid = 0;
    std::string socket;                                       ///< as it was told; "" if it does not say
    std::vector<std::pair<std::string, std::string>> mounts;  ///< directory and name, by its record; bytes
};

/// Running drainfs processes of our uid that /proc shows, without the one that is `known`. Asks none of them.
std::vector<other_daemon> other_daemons(pid_t known, const std::string& proc = "/proc");

/// The key `other_daemons` of --json.
nlohmann::json other_daemons_document(const std::vector<other_daemon>& all);
/// One line each, on standard output.
void print_other_daemons(const std::vector<other_daemon>& all);

}  // namespace drainlab::cli
