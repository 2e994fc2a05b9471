// Overlays: each layer is a private copy of the mount below it, so that mount can go and its superblock lives on.
#include "controller/machine/holders/parse.hpp"
#include "controller/machine/holders/survey.hpp"

#include <fmt/format.h>

#include <set>

namespace drainlab::machine {

namespace {

std::string words_of(const overlay_layer& l) {
    if (l.role == "upperdir") return "its upper layer is " + l.path;
    if (l.role == "workdir") return "its work directory is " + l.path;
    return fmt::format("a lower layer is {}", l.path);
}

void look_at(survey& s, const mount_line& overlay, std::uint64_t ns, const namespace_seen& seen) {
    bool relative = false;
    for (const auto& layer : parse_overlay_options(overlay.super_options)) {
        if (layer.role == "workdir") continue;  // it is where the upper layer is
        if (s.names_target(layer.path, seen.mounts))
            s.found.holders.push_back(
                {0, overlay.dir, "overlay", words_of(layer), ns, false,
                 ns == s.our_ns ? std::string() : fmt::format("in mount namespace {}, pid {}", ns, seen.pid)});
        relative = relative || !layer.path.starts_with('/');
    }
    if (relative)
        s.may_hold("overlay",
                   fmt::format("the overlay on {} names its layers by relative paths ({}): they may be here",
                               overlay.dir, overlay.super_options),
                   "who mounted it knows where it stood");
}

}  // namespace

void find_overlays(survey& s) {
    std::set<std::pair<unsigned, unsigned>> told;  // an overlay with copies in ten namespaces is one holder
    const auto all = [&](std::uint64_t ns, const namespace_seen& seen) {
        for (const auto& m : seen.mounts)
            if (m.fstype == "overlay" && !s.is_target(m) && told.insert({m.major, m.minor}).second)
                look_at(s, m, ns, seen);
    };
    all(s.our_ns, s.namespaces[s.our_ns]);
    for (const auto& [ns, seen] : s.namespaces) all(ns, seen);
}

}  // namespace drainlab::machine
