#include "controller/daemons/spawn.hpp"

#include "controller/machine/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::daemons {

using nlohmann::json;

namespace {

/// Ours without DRAINLAB_*: those speak to drainctl, and the daemon
/// is told everything by its options; but for where our data is.
std::vector<std::string> daemon_environment() {
    auto all = machine::plain_environment();
    std::erase_if(
        all, [](const std::string& e) { return e.starts_with("DRAINLAB_") && !e.starts_with("DRAINLAB_DATA_DIR="); });
    return all;
}

std::string last_line(const std::string& log) {
    std::string text = machine::read_text(log);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const auto newline = text.rfind('\n');
    return newline == std::string::npos ? text : text.substr(newline + 1);
}

failure not_ready(const std::string& line, const std::string& log) {
    const json told = json::parse(line, nullptr, false);
    const json error = told.is_object() ? told.value("error", told) : json::object();
    const auto word = [&](const char* key) {
        return error.contains(key) && error[key].is_string() ? error[key].get<std::string>() : std::string();
    };
    const std::string code = word("code").empty() ? "daemon_failed" : word("code");
    const bool users_fault =
        code == "bad_request" || code == "usage" || code.rfind("unknown_", 0) == 0 || code == "on_drainfs";
    std::string message = word("message");
    if (message.empty()) message = line.empty() ? last_line(log) : line;
    if (message.empty()) message = "it said nothing";
    if (const json told_exit = error.value("exit", json()); told_exit.is_number_integer())
        return {code, "drainfs did not start: " + message, word("hint").empty() ? "its log is " + log : word("hint"),
                static_cast<exit_code>(told_exit.get<int>()), 0};
    const auto exit = users_fault                                ? exit_code::usage
                      : code == "denied" || code == "cannot_run" ? exit_code::cannot_run
                                                                 : exit_code::broken;
    return {code, "drainfs did not start: " + message, word("hint").empty() ? "its log is " + log : word("hint"), exit,
            0};
}

}  // namespace

result<spawned> spawn_daemon(const spawn_request& request) {
    const os::unique_fd log{open(request.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!log) return system_failure("cannot open the log " + request.log, errno);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("cannot start drainfs", errno);
    spawned started{{}, os::unique_fd{ends[0]}};
    const os::unique_fd theirs{ends[1]};

    machine::birth how{.words = request.args};
    how.words.insert(how.words.end(), {"--ready-fd", "3"});
    how.descriptors = {{log.get(), 1}, {log.get(), 2}, {theirs.get(), 3}};
    if (request.lifeline >= 0) {
        how.words.insert(how.words.end(), {"--lifeline", "4"});
        how.descriptors.push_back({request.lifeline, 4});
    }
    how.group = machine::process_group::session;
    how.directory = "/";
    how.environment = daemon_environment();
    if (request.background) {
        BOOST_OUTCOME_TRYV(machine::child::start_orphan(how));
        return started;
    }
    BOOST_OUTCOME_TRY(started.process, machine::child::start(how));
    return started;
}

result<void> await_ready(os::unique_fd ready, const std::string& log, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    std::string line;
    while (line.find('\n') == std::string::npos) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (!machine::readable_within(ready.get(), left))
            return failure{"timed_out", fmt::format("drainfs was not ready within {} ms", limit.count()),
                           "its log is " + log, exit_code::timed_out, 0};
        char buffer[4096];
        const auto n = read(ready.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        line.append(buffer, static_cast<std::size_t>(n));
    }
    line = line.substr(0, line.find('\n'));
    if (line == "ready") return success();
    return not_ready(line, log);
}

}  // namespace drainlab::daemons
