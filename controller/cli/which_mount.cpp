#include "controller/cli/which_mount.hpp"

#include "controller/cli/daemon.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/words/words.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <optional>

namespace drainlab::cli {

using nlohmann::json;

namespace {

using test = std::function<bool(const json&)>;

std::optional<json> newest(const json& mounts, const test& meant) {
    std::optional<json> found;
    for (const auto& m : mounts) {
        const bool alive = m.value("state", "") != "gone";
        if (meant(m) && (alive || !found || found->value("state", "") == "gone")) found = m;
    }
    return found;
}

/// Names in the API are spelled so that they can be printed; people may type either.
bool is_text(const json& m, const char* key, const std::string& text) {
    const auto at = m.find(key);
    if (at == m.end() || !at->is_string()) return false;
    const auto said = at->get<std::string>();
    return said == text || said == os::to_printable(text);
}

/// The mount on `dir`, whatever path it was made by; else what was mounted there.
test on_directory(const std::string& dir) {
    const auto table = machine::read_mountinfo();
    const auto there = machine::mount_at(table, dir);
    const auto who = there && there->ours() ? os::identify_line(*there) : std::nullopt;
    if (!who) return [dir](const json& m) { return is_text(m, "dir", dir); };
    return [who = *who](const json& m) {
        const auto asked = identity_of(m);
        return asked.dev == who.dev && m.value("state", "") != "gone" && m.value("state", "") != "dead";
    };
}

/// How `word` is looked for as one kind.
test as(const std::string& kind, const std::string& word) {
    if (kind == "dir") return on_directory(machine::absolute_path(word));
    if (kind == "id") return [word](const json& m) { return m.contains("id") && m["id"].dump() == word; };
    return [kind, word](const json& m) { return is_text(m, kind.c_str(), word); };
}

client::failure not_found(const json& mounts, const std::string& word) {
    std::vector<std::string> there;
    for (const auto& m : mounts)
        if (m.value("state", "") != "gone") there.push_back(m.value("name", "?") + " on " + m.value("dir", "?"));
    return client::usage_error(fmt::format("there is no mount {}", word),
                               there.empty() ? "the daemon has none" : "there are: " + words::join(there));
}

bool is_forced(const std::string& word) {
    for (const char* kind : {"dir:", "name:", "id:", "dev:"})
        if (word.starts_with(kind)) return true;
    return false;
}

/// Asks no file system that it leads onto.
bool is_there(const std::string& path) {
    struct statx s {};
    const int got = statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &s);
    return got == 0 || (errno != ENOENT && errno != ENOTDIR);
}

}  // namespace

client::result<json> which_mount(const json& mounts, const std::string& word) {
    constexpr const char* kinds[] = {"dir", "name", "id", "dev"};
    for (const std::string kind : kinds) {
        const bool forced = word.starts_with(kind + ":");
        if (const auto m = newest(mounts, as(kind, forced ? word.substr(kind.size() + 1) : word))) return *m;
        if (forced) return not_found(mounts, word);
    }
    return not_found(mounts, word);
}

client::result<std::string> which_place(const std::string& word, const std::string& socket) {
    if (!is_forced(word) && (word.find('/') != std::string::npos || is_there(word)))
        return machine::absolute_path(word);
    if (word.starts_with("dir:")) return machine::absolute_path(word.substr(4));
    BOOST_OUTCOME_TRY(auto daemon, daemon_on(socket));
    auto answer = ask(daemon, "/mounts", std::chrono::milliseconds(5'000));
    if (!answer && !is_forced(word)) return machine::absolute_path(word);
    if (!answer) return answer.error();
    auto meant = which_mount(answer.value().value("mounts", json::array()), word);
    if (!meant && !is_forced(word)) return machine::absolute_path(word);
    if (!meant) return meant.error();
    if (const auto line = os::find_mount(machine::read_mountinfo(), identity_of(meant.value()))) return line->dir;
    auto why = client::usage_error(fmt::format("{} ({}) has no mount point here (any more): it is {}", word,
                                               meant.value().value("dir", "?"), meant.value().value("state", "?")));
    why.code = "not_mounted";
    return why;
}

}  // namespace drainlab::cli
