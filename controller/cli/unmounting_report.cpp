// What an unmount says at its end: one line or drainlab.umount/1, and its exit code.
#include "controller/cli/holders_output.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/unmounting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace drainlab::cli {

using nlohmann::json;

namespace {

constexpr const char* phases[] = {"detached", "drain_begins", "drained", "dead"};

}  // namespace

result<exit_code> unmounting::busy() {
    auto found = find();
    if (!found.any_blocks()) found = find();  // it may be a matter of microseconds
    std::string hint;
    if (o_.force)
        hint = "the connection is cut all the same: who holds it gets ENOTCONN, and drainfs detaches the name";
    for (const auto& h : found.holders)
        if (h.blocks_umount()) hint += (hint.empty() ? "" : "\n  ") + machine::describe(h);
    if (hint.empty()) hint = "no holder to be seen any more; --retry 2s tries again";
    if (found.unseen > 0) hint += "\n  " + machine::describe_unseen(found.unseen);
    for (const auto& k : found.unseen_kinds) hint += "\n  " + machine::describe(k);
    const failure why{"busy", shown_ + " is busy", hint, exit_code::busy, 0};
    return outcome("busy", found, why);
}

result<exit_code> unmounting::timed_out(bool in_call) {
    refresh();
    std::string phase = in_call ? "call" : "detached";
    for (const char* p : phases)
        if (known_.is_object() && known_.value("phases_ns", json::object()).value(p, json()).is_number()) phase = p;
    const auto found = find();
    std::string hint =
        in_call ? "a child still waits in umount2(), as long as the drain does; `drainctl why` tells for what" : "";
    for (const auto& h : found.holders) hint += (hint.empty() ? "" : "\n  ") + ("held by " + machine::describe(h));
    const failure why{
        "timed_out",
        fmt::format("{} is not dead after {}; phase reached: {}", shown_, words::show_duration(o_.timeout), phase),
        hint, exit_code::timed_out, 0};
    return outcome("timed_out", found, why, phase);
}

result<exit_code> unmounting::refused(const machine::unmount_outcome& tried) const {
    if (tried.error == EPERM)
        return failure{"denied", shown_ + ": not allowed to unmount" + (tried.said.empty() ? "" : ": " + tried.said),
                       "be root, or the user who mounted it with fusermount3 installed", exit_code::cannot_run, 0};
    if (tried.error == EINVAL)
        return client::usage_error(shown_ +
                                   ": not a mount point of this mount namespace (any more), or locked by its owner");
    return client::system_failure(shown_, tried.error);
}

result<exit_code> unmounting::done(const char* how) {
    refresh();
    const auto violations = known_.is_object() ? known_.value("violations", json::array()) : json::array();
    if (!violations.empty()) {
        const failure why{"violated",
                          shown_ + ": " + violations[0].value("message", "an invariant was violated"),
                          {},
                          exit_code::violated,
                          0};
        return outcome(how, find(), why);
    }
    machine::holders_found held;
    if (o_.lazy && !o_.wait && state() == "detached") held = find();
    if (o_.json) {
        print_json(document(how, held, {}));
    } else {
        fmt::print("{} {}", shown_, how);
        if (const auto after = over_after(how)) fmt::print(" after {}", words::show_duration(*after));
        fmt::print("{}\n",
                   how == std::string_view("removed") ? ": its daemon was killed, when it died is not known" : "");
        for (const auto& h : held.holders) fmt::print("  still held by {}\n", machine::describe(h));
    }
    return exit_code::fine;
}

std::optional<std::chrono::nanoseconds> unmounting::over_after(std::string_view how) const {
    if (how == "removed") return std::nullopt;
    const json dead = known_.is_object() ? known_.value("phases_ns", json::object()).value("dead", json()) : json();
    if (how != "dead" || !dead.is_number() || !called_ || !returned_) return returned_;
    return std::max(*returned_, std::chrono::nanoseconds(dead.get<std::int64_t>()) - *called_);
}

exit_code unmounting::outcome(const char* how, const machine::holders_found& found, const failure& why,
                              const std::string& phase) const {
    if (!o_.json) {
        report(why, false);
        return why.exit;
    }
    auto doc = document(how, found, phase);
    doc["error"] = error_document(why)["error"];
    print_json(doc);
    return why.exit;
}

json unmounting::document(const char* how, const machine::holders_found& found, const std::string& phase) const {
    json doc = {{"schema", "drainlab.umount/1"},
                {"dir", shown_},
                {"result", how},
                {"phase", phase.empty() ? json() : json(phase)},
                {"phases_ms", phases_ms()},
                {"holders", holders_document(found)},
                {"unseen", found.unseen}};
    if (!found.unseen_kinds.empty()) doc["unseen_kinds"] = unseen_document(found);
    return doc;
}

json unmounting::phases_ms() const {
    json ms = json::object();
    const json ns = known_.is_object() ? known_.value("phases_ns", json::object()) : json::object();
    for (const char* p : phases) {
        const json at = ns.value(p, json());
        ms[p] = at.is_number() && called_ ? json(static_cast<double>(at.get<std::int64_t>() - called_->count()) / 1e6)
                                          : json();
    }
    ms["returned"] = returned_ ? json(static_cast<double>(returned_->count()) / 1e6) : json();
    return ms;
}

}  // namespace drainlab::cli
