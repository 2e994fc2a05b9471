// A fault by operation.
#include "fusefs/control/views_parts.hpp"

#include <chrono>

namespace drainlab::control {

using nlohmann::json;

json to_json(const mount_view::fault_view& f) {
    const fault::rule& r = f.asked;
    json ops = json::array();
    for (std::size_t i = 0; i < fault::operation_count; ++i)
        if (r.ops[i]) ops.push_back(fault::operation_words[i]);
    const auto us = [](auto d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); };
    const auto& o = f.saw;
    return object({{"name", r.name},
                   {"asked", object({{"op", r.ops == fault::any_operation() ? json("any") : ops},
                                     {"path", r.path},
                                     {"delay_us", us(r.delay)},
                                     {"hang", r.hang.has_value()},
                                     {"limit_ms", r.hang ? json(us(*r.hang) / 1000) : json()},
                                     {"errno", r.error ? json(storage::errno_name(r.error)) : json()},
                                     {"torn_write", or_null(r.torn_write)},
                                     {"drop_fsync", r.drop_fsync},
                                     {"probability", r.probability},
                                     {"seed", r.seed},
                                     {"times", or_null(r.times)},
                                     {"after", r.after},
                                     {"pid", or_null(r.pid)},
                                     {"cgroup", text_or_null(r.cgroup)}})},
                   {"observed", object({{"matched", o.matched},
                                        {"injected", o.injected},
                                        {"under_way", o.under_way},
                                        {"held", o.held},
                                        {"answered", o.answered},
                                        {"gone", o.gone},
                                        {"interrupted", o.interrupted},
                                        {"ended", o.ended},
                                        {"released", o.released},
                                        {"limit_reached", o.limit_reached},
                                        {"delays", times_json(o.delays)},
                                        {"longest_hang_ns", o.longest_hang.count()},
                                        {"bytes_asked", o.bytes_asked},
                                        {"bytes_dropped", o.bytes_dropped},
                                        {"wrong_answers", o.wrong_answers}})},
                   {"as_asked", f.as_asked}});
}

}  // namespace drainlab::control
