#include "controller/cli/holders_output.hpp"

#include "fusefs/os/printable.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;
using os::to_printable;

json holders_document(const machine::holders_found& found) {
    json all = json::array();
    for (const auto& h : found.holders)
        all.push_back({{"pid", h.pid ? json(h.pid) : json()},
                       {"comm", to_printable(h.comm)},
                       {"kind", h.kind},
                       {"path", to_printable(h.path)},
                       {"mntns", h.mntns},
                       {"blocks_umount", h.blocks_umount()},
                       {"detail", h.detail.empty() ? json() : json(to_printable(h.detail))}});
    return all;
}

json unseen_document(const machine::holders_found& found) {
    json all = json::array();
    for (const auto& k : found.unseen_kinds)
        all.push_back({{"kind", k.kind}, {"what", os::to_line(k.what)}, {"shows", os::to_line(k.shows)}});
    return all;
}

}  // namespace drainlab::cli
