#include "fusefs/control/requests.hpp"

#include "fusefs/control/body_reader.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace drainlab::control {
namespace {

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

/// The absolute path in its one spelling, or an error. What ".." means depends on symbolic links: the client has to
/// resolve it.
std::string checked_dir(reader& r, const std::string& dir) {
    if (dir.empty() || dir[0] != '/') {
        r.fail(fmt::format("'dir' must be an absolute path, not '{}'", os::to_printable(dir)));
        return dir;
    }
    std::string plain;
    for (std::size_t at = 0; at < dir.size();) {
        const auto end = std::min(dir.find('/', at), dir.size());
        const std::string part = dir.substr(at, end - at);
        if (part == "..") r.fail(fmt::format("'dir' is '{}': no '..' in it (see realpath)", os::to_printable(dir)));
        if (!part.empty() && part != ".") plain += "/" + part;
        at = end + 1;
    }
    if (plain.size() >= 4096) r.fail("'dir' is longer than 4095 bytes");
    return plain.empty() ? "/" : plain;
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
    m.dir = checked_dir(r, r.name("dir").value_or("/"));
    m.name = r.name("name").value_or("");
    if (m.name.size() > 200 || m.name.find_first_of("/\n") != std::string::npos)
        r.fail("'name' must have at most 200 bytes and neither '/' nor a line feed");
    if (!m.name.empty() && m.name.find_first_not_of("0123456789") == std::string::npos)
        r.fail(fmt::format("'name' is '{}'; a number would be taken for a mount's id", m.name));
    m.policy = r.string("policy");
    m.store = r.name("store");
    m.seen = r.seen("seen");
    m.store_seen = r.seen("store_seen");
    if (m.store && (m.store->empty() || (*m.store)[0] != '/'))
        r.fail(fmt::format("'store' must be an absolute path, not '{}'", *m.store));
    m.keep_pages = keep_pages(r);
    m.umount_delay = delay(r, "umount_delay_ms").value_or(milliseconds{0});
    if (const auto word = r.string("umount_wait")) {
        m.wait = parse_umount_wait(*word);
        if (!m.wait) r.fail(fmt::format("'umount_wait' is '{}'; it must be auto, gate or api", *word));
    }
    m.allow_other = r.boolean("allow_other");
    m.lose_unsynced = r.boolean("lose_unsynced").value_or(false);
    m.options = r.strings("options");
    if (const auto pid = r.number("with_pid", 1 << 22)) m.with_pid = static_cast<pid_t>(*pid);
    m.with_pid_seen = r.process("with_pid_seen", m.with_pid.value_or(0));
    m.bdi = r.string("bdi");
    m.dirty_limit_bytes = r.number("dirty_limit_bytes", 1ull << 50);
    m.cache_limit_bytes = r.number("cache_limit_bytes", 1ull << 50);
    m.device = r.device("device").value_or(device_limits{});
    m.faults = read_faults(r, "faults");
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
