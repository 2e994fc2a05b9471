#include "fusefs/control/requests.hpp"

#include "fusefs/storage/device_errors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace drainlab::control {
namespace {

using nlohmann::json;

/// Takes keys out of a JSON object one by one; remembers the first thing that is wrong, and what was never asked for.
class reader {
  public:
    explicit reader(std::string_view body) {
        if (body.empty()) return;  // no body is an empty object
        object_ = json::parse(body, nullptr, false);
        if (object_.is_discarded())
            fail("the body is not JSON");
        else if (!object_.is_object())
            fail("the body must be a JSON object");
        if (error_) object_ = json::object();
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

std::optional<bool> keep_pages(reader& r) {
    const auto word = r.string("page_cache");
    if (!word) return std::nullopt;
    if (*word != "keep" && *word != "drop") r.fail(fmt::format("'page_cache' is '{}'; it must be drop or keep", *word));
    return *word == "keep";
}

std::optional<milliseconds> delay(reader& r, const char* key) {
    const auto ms = r.number(key, static_cast<std::uint64_t>(hold_limit.count()));
    if (!ms) return std::nullopt;
    return milliseconds{*ms};
}

/// The absolute path in its one spelling, or an error.
std::string checked_dir(reader& r, std::string dir) {
    if (dir.empty() || dir[0] != '/') {
        r.fail(fmt::format("'dir' must be an absolute path, not '{}'", dir));
        return dir;
    }
    std::string plain = std::filesystem::path{dir}.lexically_normal().string();
    while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
    if (plain.size() >= 4096) r.fail("'dir' is longer than 4095 bytes");
    return plain;
}

}  // namespace

std::optional<umount_wait> parse_umount_wait(std::string_view word) {
    if (word == "auto") return umount_wait::automatic;
    if (word == "gate") return umount_wait::gate;
    if (word == "api") return umount_wait::api;
    return std::nullopt;
}

api_result<mount_request> parse_mount_request(std::string_view body) {
    reader r{body};
    mount_request m;
    r.require("dir");
    m.dir = checked_dir(r, r.string("dir").value_or("/"));
    m.name = r.string("name").value_or("");
    if (m.name.size() > 200 || m.name.find_first_of("/\n") != std::string::npos)
        r.fail("'name' must have at most 200 bytes and neither '/' nor a line feed");
    if (!m.name.empty() && m.name.find_first_not_of("0123456789") == std::string::npos)
        r.fail(fmt::format("'name' is '{}'; a number would be taken for a mount's id", m.name));
    m.policy = r.string("policy");
    m.store = r.string("store");
    if (m.store && (m.store->empty() || (*m.store)[0] != '/'))
        r.fail(fmt::format("'store' must be an absolute path, not '{}'", *m.store));
    m.keep_pages = keep_pages(r);
    m.umount_delay = delay(r, "umount_delay_ms").value_or(milliseconds{0});
    if (const auto word = r.string("umount_wait")) {
        m.wait = parse_umount_wait(*word);
        if (!m.wait) r.fail(fmt::format("'umount_wait' is '{}'; it must be auto, gate or api", *word));
    }
    m.allow_other = r.boolean("allow_other");
    m.options = r.strings("options");
    if (const auto pid = r.number("with_pid", 1 << 22)) m.with_pid = static_cast<pid_t>(*pid);
    m.bdi = r.string("bdi");
    m.dirty_limit_bytes = r.number("dirty_limit_bytes", 1ull << 50);
    m.cache_limit_bytes = r.number("cache_limit_bytes", 1ull << 50);
    m.device = r.device("device").value_or(device_limits{});
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return m;
}

api_result<mount_patch> parse_mount_patch(std::string_view body) {
    reader r{body};
    mount_patch p;
    p.policy = r.string("policy");
    p.keep_pages = keep_pages(r);
    p.umount_delay = delay(r, "umount_delay_ms");
    p.device = r.device("device");
    p.dirty_limit_bytes = r.number("dirty_limit_bytes", 1ull << 50);
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return p;
}

api_result<hold_request> parse_hold(std::string_view body) {
    reader r{body};
    hold_request h;
    r.require("for_ms");
    h.duration = milliseconds{r.number("for_ms", 24 * 3600 * 1000).value_or(0)};
    h.every = r.boolean("every").value_or(false);
    h.force = r.boolean("force").value_or(false);
    if (h.duration > hold_limit && !h.force)
        r.fail(
            fmt::format("'for_ms' is {}; more than {} needs \"force\":true", h.duration.count(), hold_limit.count()));
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return h;
}

api_result<umount_request> parse_umount(std::string_view body) {
    reader r{body};
    umount_request u;
    u.lazy = r.boolean("lazy").value_or(false);
    u.force = r.boolean("force").value_or(false);
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return u;
}

api_result<std::string> parse_policy(std::string_view body) {
    reader r{body};
    r.require("policy");
    auto policy = r.string("policy").value_or("");
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return policy;
}

api_result<widen_request> parse_widen(std::string_view body) {
    reader r{body};
    r.require("point");
    r.require("for_us");
    widen_request w;
    w.point = r.string("point").value_or("");
    w.width = std::chrono::microseconds{r.number("for_us", 60'000'000).value_or(0)};
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return w;
}

api_result<milliseconds> parse_stop(std::string_view body) {
    reader r{body};
    const milliseconds limit{r.number("timeout_ms", 24 * 3600 * 1000).value_or(60'000)};
    if (auto wrong = r.wrong()) return *std::move(wrong);
    return limit;
}

}  // namespace drainlab::control
