// Reads the JSON body of a request. Private to fusefs/control.
#pragma once
#include "fusefs/control/requests.hpp"
#include "fusefs/input/json.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/storage/device_errors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace drainlab::control {

using nlohmann::json;

/// Takes keys out of a JSON object one by one; remembers the first thing that is wrong, and what was never asked for.
class reader {
  public:
    explicit reader(std::string_view body) {
        if (body.empty()) return;  // no body is an empty object
        auto parsed = input::parse_json(body);
        if (!parsed.value)
            fail("the body is not JSON: " + parsed.error);
        else if (!parsed.value->is_object())
            fail("the body must be a JSON object");
        else
            object_ = std::move(*parsed.value);
    }
    explicit reader(json object) : object_(std::move(object)) {}  // braces would make it a list

    std::optional<std::string> string(const char* key) {
        const json* v = find(key);
        if (!v) return std::nullopt;
        if (v->is_string() && v->get_ref<const std::string&>().find('\0') == std::string::npos)
            return v->get<std::string>();
        fail(fmt::format("'{}' must be a string", key));
        return std::nullopt;
    }
    /// A name of bytes in its printable spelling (os::to_printable()).
    std::optional<std::string> name(const char* key) {
        auto text = string(key);
        if (!text) return std::nullopt;
        auto bytes = os::from_printable(*text);
        if (bytes && bytes->find('\0') == std::string::npos) return bytes;
        fail(fmt::format("'{}' is '{}': a backslash is written \\\\, another byte \\xNN", key, os::to_line(*text)));
        return std::nullopt;
    }
    std::optional<os::seen_directory> seen(const char* key) {
        const json* v = find(key);
        if (!v) return std::nullopt;
        if (!v->is_object()) {
            fail(fmt::format("'{}' must be an object with unique_id, mount_namespace, inode", key));
            return std::nullopt;
        }
        reader inner{*v};
        os::seen_directory s{inner.number("unique_id", ~0ull).value_or(0),
                             inner.number("mount_namespace", ~0ull).value_or(0),
                             inner.number("inode", ~0ull).value_or(0)};
        if (const auto wrong = inner.wrong()) fail(fmt::format("'{}': {}", key, wrong->message));
        return s;
    }
    /// The process that the client calls `pid`.
    std::optional<os::process_identity> process(const char* key, pid_t pid) {
        const json* v = find(key);
        if (!v) return std::nullopt;
        if (!v->is_object()) {
            fail(fmt::format("'{}' must be an object with start_time, pid_namespace", key));
            return std::nullopt;
        }
        reader inner{*v};
        os::process_identity who{
            pid, inner.number("start_time", ~0ull).value_or(0), inner.number("pid_namespace", ~0ull).value_or(0), {}};
        if (const auto wrong = inner.wrong()) fail(fmt::format("'{}': {}", key, wrong->message));
        return who;
    }
    std::optional<bool> boolean(const char* key) {
        const json* v = find(key);
        if (!v) return std::nullopt;
        if (v->is_boolean()) return v->get<bool>();
        fail(fmt::format("'{}' must be true or false", key));
        return std::nullopt;
    }
    /// A whole number from 0 to `most`.
    std::optional<std::uint64_t> number(const char* key, std::uint64_t most) {
        const json* v = find(key);
        if (!v) return std::nullopt;
        if (v->is_number_unsigned() && v->get<std::uint64_t>() <= most) return v->get<std::uint64_t>();
        fail(fmt::format("'{}' must be a whole number from 0 to {}", key, most));
        return std::nullopt;
    }
    std::vector<std::string> strings(const char* key) {
        const json* v = find(key);
        std::vector<std::string> out;
        if (!v) return out;
        const bool fine =
            v->is_array() && std::all_of(v->begin(), v->end(), [](const json& e) { return e.is_string(); });
        if (fine)
            v->get_to(out);
        else
            fail(fmt::format("'{}' must be a list of strings", key));
        return out;
    }
    std::optional<device_limits> device(const char* key) {
        const json* v = find(key);
        if (!v) return std::nullopt;
        if (!v->is_object()) {
            fail(fmt::format("'{}' must be an object with latency_us, bandwidth_bytes_per_s, iops, flush_us, errors",
                             key));
            return std::nullopt;
        }
        reader inner{*v};
        device_limits d;
        d.latency_us = inner.number("latency_us", 3'600'000'000).value_or(0);
        d.bandwidth_bytes_per_s = inner.number("bandwidth_bytes_per_s", 1ull << 50).value_or(0);
        d.iops = inner.number("iops", 1'000'000'000).value_or(0);
        d.flush_us = inner.number("flush_us", 3'600'000'000).value_or(0);
        d.errors = inner.device_errors("errors");
        if (const auto wrong = inner.wrong()) fail(fmt::format("'{}': {}", key, wrong->message));
        return d;
    }
    double probability(const char* key) {
        const json* v = find(key);
        if (!v) return 1;
        if (v->is_number() && v->get<double>() >= 0 && v->get<double>() <= 1) return v->get<double>();
        fail(fmt::format("'{}' must be a number from 0 to 1", key));
        return 0;
    }
    std::vector<device_error> device_errors(const char* key) {
        const json* v = find(key);
        std::vector<device_error> out;
        if (v && !v->is_array()) fail(fmt::format("'{}' must be a list of objects", key));
        if (!v || !v->is_array()) return out;
        if (v->size() > 100) fail(fmt::format("'{}': more than 100 rules", key));
        for (const json& one : *v) {
            if (!one.is_object()) {
                fail(fmt::format("'{}' must be a list of objects with op, path, probability, errno, seed", key));
                return out;
            }
            reader inner{one};
            out.push_back(inner.device_error_rule());
            if (const auto wrong = inner.wrong()) fail(fmt::format("'{}': {}", key, wrong->message));
        }
        return out;
    }
    /// A list of objects.
    std::vector<json> objects(const char* key) {
        const json* v = find(key);
        std::vector<json> out;
        if (!v) return out;
        const bool fine =
            v->is_array() && std::all_of(v->begin(), v->end(), [](const json& e) { return e.is_object(); });
        if (fine)
            v->get_to(out);
        else
            fail(fmt::format("'{}' must be a list of objects", key));
        return out;
    }
    /// One string or a list of them.
    std::vector<std::string> words(const char* key) {
        const auto found = object_.find(key);
        if (found == object_.end() || !found->is_string()) return strings(key);
        return {string(key).value_or("")};
    }
    void require(const char* key) {
        if (!object_.contains(key) || object_[key].is_null()) fail(fmt::format("'{}' is missing", key));
    }
    void fail(std::string message) {
        if (!error_) error_ = bad_request(std::move(message));
    }
    /// The first thing that was wrong; else a key that nobody asked for.
    std::optional<api_error> wrong() {
        if (error_) return error_;
        for (const auto& [key, value] : object_.items())
            if (std::find(known_.begin(), known_.end(), key) == known_.end())
                return bad_request(fmt::format("unknown key '{}'", key),
                                   fmt::format("known here: {}", fmt::join(known_, ", ")));
        return std::nullopt;
    }

  private:
    device_error device_error_rule() {
        device_error e;
        e.op = string("op").value_or("any");
        e.path = string("path").value_or("*");
        e.probability = probability("probability");
        e.error = string("errno").value_or("EIO");
        e.seed = number("seed", ~0ull).value_or(0);
        if (!storage::parse_device_op(e.op))
            fail(fmt::format("'op' is '{}'; it must be one of {}", e.op, fmt::join(storage::device_op_words, ", ")));
        if (!storage::parse_errno(e.error))
            fail(fmt::format("'errno' is '{}'; it must be the name of an errno, like EIO, and not ENOSYS", e.error));
        return e;
    }

    /// Null counts as absent.
    const json* find(const char* key) {
        known_.emplace_back(key);
        const auto found = object_.find(key);
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }

    json object_ = json::object();
    std::vector<std::string> known_;
    std::optional<api_error> error_;
};

/// The rules under `key`, a list of RULE.
std::vector<fault::rule> read_faults(reader& r, const char* key);

}  // namespace drainlab::control
