#include "workloads/guest/switch_histogram.hpp"

#include <charconv>

namespace drainlab::guest {
namespace {

/// The number behind `hitcount:`; -1 where there is none.
std::int64_t hits(std::string_view line) {
    constexpr std::string_view key = "hitcount:";
    auto at = line.find(key);
    if (at == std::string_view::npos) return -1;
    at = line.find_first_not_of(' ', at + key.size());
    std::int64_t n = -1;
    if (at != std::string_view::npos) std::from_chars(line.data() + at, line.data() + line.size(), n);
    return n;
}

/// The name behind the address in brackets.
std::string_view caller(std::string_view line) {
    const auto begin = line.find("] ");
    if (begin == std::string_view::npos) return {};
    const auto name = line.substr(begin + 2);
    return name.substr(0, name.find_first_of(" }"));
}

}  // namespace

switch_counts read_switch_histogram(std::string_view text) {
    switch_counts counts;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
        if (line.find("__probe_ret_ip:") == std::string_view::npos) continue;
        const auto n = hits(line);
        if (n < 0) continue;
        const auto name = caller(line);
        if (name == "inode_switch_wbs")
            counts.by_vote += n;
        else if (name == "cleanup_offline_cgwb" || name == "isw_prepare_wbs_switch")
            counts.by_offline += n;
        else
            counts.by_other += n;
    }
    return counts;
}

}  // namespace drainlab::guest
