// The endpoints that answer once a mount has got somewhere, or when time is up.
#include "fusefs/control/api.hpp"
#include "fusefs/control/api_answers.hpp"
#include "fusefs/control/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace drainlab::control {

using nlohmann::json;

namespace {

constexpr milliseconds longest_wait{3'600'000};

/// timeout_ms of the query; 60 s if absent. An error names what is wrong with it or with another key.
api_result<milliseconds> timeout_of(const http_request& r, std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : r.query)
        if (std::find(known.begin(), known.end(), key) == known.end())
            return bad_request(fmt::format("unknown key '{}' in the query", key));
    const auto found = r.query.find("timeout_ms");
    if (found == r.query.end()) return milliseconds{60'000};
    std::int64_t ms = -1;
    const char* const end = found->second.data() + found->second.size();
    if (std::from_chars(found->second.data(), end, ms).ptr != end || ms < 0 || ms > longest_wait.count())
        return bad_request(fmt::format("'timeout_ms' must be a whole number from 0 to {}", longest_wait.count()));
    return milliseconds{ms};
}

}  // namespace

void api::wait(const http_request& r, const std::string& id, const http_reply& reply) {
    const auto timeout = timeout_of(r, {"state", "timeout_ms", "holders"});
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    const auto word = r.query.find("state");
    const auto wanted = word == r.query.end() ? std::nullopt : parse_milestone(word->second);
    if (!wanted)
        return reply(
            error_response(bad_request(fmt::format("'state' must be one of {}", fmt::join(milestone_words, ", ")))));
    const auto asked = r.query.find("holders");
    if (asked != r.query.end() && asked->second != "true" && asked->second != "false")
        return reply(error_response(bad_request("'holders' must be true or false")));
    const bool holders = asked == r.query.end() || asked->second == "true";
    served_mount* const m = mounts_.find(id);
    const auto v = m ? std::optional<mount_view>{} : mounts_.view(id);
    if (v) return reply(answer(to_json(*v)));  // gone: it has been through all of them
    if (!m) return reply(error_response(not_found(id)));
    const auto told = [this, number = m->id(), reply, wanted, holders](bool reached) {
        if (reached) return show(std::to_string(number), reply);
        const auto now = mounts_.view(std::to_string(number));
        const auto message = fmt::format("the mount is not {} yet", to_string(*wanted));
        json body{{"error", {{"code", "timed_out"}, {"message", message}, {"hint", ""}}},
                  {"mount", now ? to_json(*now) : json()}};
        if (!holders) return reply(answer(body, 408));
        answer_with_holders(number, std::move(body), 408, reply);
    };
    const auto give_up = mounts_.wait(*m, *wanted, timeout.assume_value(), told);
    if (r.hangup) r.hangup->then = give_up;
}

void api::wait_switch(const http_request& r, served_mount& m, const http_reply& reply) {
    const auto timeout = timeout_of(r, {"timeout_ms"});
    if (!timeout.has_value()) return reply(error_response(timeout.assume_error()));
    const auto give_up =
        mounts_.wait_switch(m, timeout.assume_value(), [this, number = std::to_string(m.id()), reply](bool seen) {
            if (seen) return show(number, reply);
            const auto now = mounts_.view(number);
            reply(answer(
                {{"error", {{"code", "timed_out"}, {"message", "no switch of this mount is in flight"}, {"hint", ""}}},
                 {"mount", now ? to_json(*now) : json()}},
                408));
        });
    if (r.hangup) r.hangup->then = give_up;
}

}  // namespace drainlab::control
