#include "controller/cli/mount_text.hpp"

#include "controller/words/words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace drainlab::cli {

using nlohmann::json;

namespace {

std::string quoted(const std::string& text) { return text.find(',') == std::string::npos ? text : "\"" + text + "\""; }

/// Exactly, in the largest unit that needs no fraction.
std::string length(std::int64_t us) {
    if (us % 1'000'000 == 0) return fmt::format("{}s", us / 1'000'000);
    return us % 1'000 == 0 ? fmt::format("{}ms", us / 1'000) : fmt::format("{}us", us);
}

std::string word(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump();
    std::vector<std::string> words;
    for (const auto& w : value) words.push_back(word(w));
    return words::join(words, "|");
}

/// The rule that made it, in the words of --fault.
std::string fault_text(const json& fault) {
    const json a = fault.value("asked", json::object());
    std::vector<std::string> words{"op=" + word(a.value("op", json("any"))), "name=" + fault.value("name", "?")};
    if (const auto path = a.value("path", "*"); path != "*") words.push_back("path=" + path);
    if (const auto us = a.value("delay_us", std::int64_t{0}); us > 0) words.push_back("delay=" + length(us));
    if (a.value("hang", false)) words.push_back("hang=" + length(a.value("limit_ms", std::int64_t{0}) * 1'000));
    if (a.value("drop_fsync", false)) words.emplace_back("drop_fsync");
    if (a.value("after", 0) > 0) words.push_back("after=" + a["after"].dump());
    if (a.value("probability", 1.0) < 1)
        words.push_back(fmt::format("probability={},seed={}", a["probability"].dump(), a["seed"].dump()));
    for (const char* key : {"errno", "torn_write", "times", "pid", "cgroup"})
        if (const auto v = a.value(key, json()); !v.is_null()) words.push_back(fmt::format("{}={}", key, word(v)));
    return "fault=\"" + words::join(words, ",") + "\"";
}

}  // namespace

std::string mount_text(const json& m) {
    std::vector<std::string> words{"policy=" + m.value("policy", "?"), "profile=" + quoted(m.value("profile", "?"))};
    if (const auto ms = m.value("umount_delay_ms", std::int64_t{0}); ms > 0)
        words.push_back("umount_delay=" + length(ms * 1'000));
    if (const auto us = m.value("device", json::object()).value("latency_us", std::int64_t{0}); us > 0)
        words.push_back("device_latency=" + length(us));
    if (const auto store = m.value("store", json()); store.is_string())
        words.push_back("store=" + quoted(store.get<std::string>()));
    if (m.value("page_cache", "drop") != "drop") words.push_back("page_cache=" + m.value("page_cache", "?"));
    if (m.value("umount_wait", "gate") != "gate") words.push_back("umount_wait=" + m.value("umount_wait", "?"));
    if (m.value("lose_unsynced", false)) words.emplace_back("lose_unsynced");
    if (m.value("allow_other", false)) words.emplace_back("allow_other");
    for (const auto& option : m.value("options", json::array())) words.push_back(word(option));
    for (const auto& fault : m.value("faults", json::array())) words.push_back(fault_text(fault));
    return words::join(words, ",");
}

}  // namespace drainlab::cli
