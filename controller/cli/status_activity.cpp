#include "controller/cli/status_activity.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/cli/holders_output.hpp"
#include "controller/words/words.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::cli {

using nlohmann::json;
using os::to_printable;

namespace {

bool is_copy(const machine::holder& h) { return h.kind == "bind" || h.kind == "namespace"; }

std::uint64_t held_requests(const json& fault) {
    return fault.value("observed", json::object()).value("held", std::uint64_t{0});
}

/// The phase that it was last seen to reach.
std::optional<std::chrono::nanoseconds> last_phase(const json& mount) {
    std::optional<std::chrono::nanoseconds> last;
    const json phases = mount.value("phases_ns", json::object());
    for (const char* p : {"detached", "drain_begins", "drained", "dead"})
        if (const json at = phases.value(p, json()); at.is_number())
            last = std::chrono::nanoseconds(at.get<long long>());
    return last;
}

std::vector<std::string> waits_of(const json& mount, const std::string& state) {
    std::vector<std::string> waits;
    for (const auto& f : mount.value("faults", json::array()))
        if (const auto n = held_requests(f); n > 0)
            waits.push_back(fmt::format("{} request{} held by the fault {}", n, n == 1 ? " is" : "s are",
                                        to_printable(f.value("name", "?"))));
    if (state == "detached") waits.emplace_back("its name is gone: it waits for who still holds it");
    if (state == "dying") waits.emplace_back("it waits for its shutdown to end");
    if (state == "dead") waits.emplace_back("its shutdown is over: it waits for its connection to be cleared away");
    return waits;
}

/// How long ago on CLOCK_MONOTONIC.
std::string ago(std::chrono::nanoseconds at) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return words::show_duration(std::chrono::floor<std::chrono::milliseconds>(
        std::max<std::chrono::nanoseconds>(now - at, std::chrono::nanoseconds(0))));
}

}  // namespace

bool is_idle(const json& mount) {
    const json faults = mount.value("faults", json::array());
    return mount.value("state", "") == "live" && mount.value("open_files", 0) == 0 &&
           mount.value("store_calls", json::array()).empty() &&
           std::none_of(faults.begin(), faults.end(), [](const json& f) { return held_requests(f) > 0; });
}

mount_activity activity_of(const json& mount, const std::string& socket,
                           const std::vector<machine::kernel_task>& unmounting) {
    mount_activity a;
    const std::string state = mount.value("state", "");
    a.since = state == "live" ? std::nullopt : last_phase(mount);
    a.waits = waits_of(mount, state);
    auto what = find_why_target("id:" + id_of(mount), socket, unmounting);
    if (!what) return a;  // gone meanwhile, or dead: nobody can hold it
    auto found = find_out_why(std::move(what.value()), unmounting, socket);
    for (auto& w : found.waiting) a.waits.push_back(std::move(w));
    if (const auto& there = found.what.mount; there && state != "live")  // its own name is gone: this is another's
        a.copies.push_back({0, there->fstype, "bind", there->dir, 0, false, {}});
    for (auto& h : found.held.holders) (is_copy(h) ? a.copies : a.held_by).push_back(std::move(h));
    a.unmounts = std::move(found.unmounts);
    return a;
}

activities look_at(const json& mounts, const std::string& socket) {
    activities all;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    std::optional<std::vector<machine::kernel_task>> unmounting;
    for (const auto& m : mounts) {
        if (is_idle(m) || std::chrono::steady_clock::now() > end) continue;
        if (!unmounting) unmounting = machine::unmounting_tasks();
        all.emplace(id_of(m), activity_of(m, socket, *unmounting));
    }
    return all;
}

json activity_document(const mount_activity& a) {
    json unmounts = json::array();
    for (const auto& u : a.unmounts)
        unmounts.push_back({{"pid", u.task.pid}, {"comm", to_printable(u.task.comm)}, {"words", u.task.words.text}});
    return {{"since_ns", a.since ? json(a.since->count()) : json()},
            {"waits_for", a.waits},
            {"holders", holders_document({a.held_by, 0, {}})},
            {"copies", holders_document({a.copies, 0, {}})},
            {"unmounts", unmounts}};
}

void print_activity(const mount_activity& a) {
    for (std::size_t i = 0; i < a.waits.size(); ++i)
        fmt::print("    {}{}\n", a.waits[i], i == 0 && a.since ? ", since " + ago(*a.since) : "");
    for (const auto& u : a.unmounts)
        fmt::print("    {} pid {} ({}): {}\n", u.certain ? "unmounted by" : "perhaps unmounted by", u.task.pid,
                   to_printable(u.task.comm), u.task.words.text);
    for (const auto& h : a.held_by) fmt::print("    held by {}\n", machine::describe(h));
    for (const auto& c : a.copies) fmt::print("    also mounted: {}\n", machine::describe(c));
}

}  // namespace drainlab::cli
