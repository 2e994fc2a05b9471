#include "fusefs/control/holders.hpp"

#include "fusefs/control/aside.hpp"
#include "fusefs/control/beside.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/os/run_program.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <unistd.h>

namespace drainlab::control {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds program_limit{6'000}, thread_limit{8'000};
constexpr off_t longest_document = 4 << 20;
constexpr int said_usage = 2;  // drainctl's exit code: it knows no such mount

/// What the program has written, which is in memory.
std::string text_of(int memory) {
    struct stat st {};
    if (fstat(memory, &st) != 0 || st.st_size > longest_document) return {};
    std::string text(static_cast<std::size_t>(st.st_size), '\0');
    const ssize_t got = pread(memory, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

api_error why_none(const os::program_end& end) {
    if (end.error == ETIMEDOUT) return {504, "timed_out", "who holds it was not found out within 6 s", ""};
    if (end.error != 0)
        return {501, "failed", fmt::format("who holds it is found out by drainctl: {}", std::strerror(end.error)),
                "it has to be beside drainfs, or in its PATH"};
    if (WIFEXITED(end.status) && WEXITSTATUS(end.status) == said_usage)
        return {404, "not_found", "the mount has gone meanwhile", ""};
    return {500, "failed", fmt::format("drainctl why failed: {}", os::to_line(end.said)), ""};
}

api_error why_not_run(int error) {
    if (error == EBUSY) return {503, "busy", "too many clients want to know who holds a mount", "ask again"};
    if (error == ETIMEDOUT) return why_none({.error = ETIMEDOUT});
    return {500, "failed", fmt::format("no thread to run drainctl: {}", std::strerror(error)), ""};
}

}  // namespace

void find_why(boost::asio::io_context& io, const std::string& socket, std::uint32_t mount,
              std::function<void(const api_result<json>&)> done) {
    static aside_room room{4};
    const auto end = std::make_shared<os::program_end>();
    const auto run = [end, words = std::vector<std::string>{drainctl_program(), "why", fmt::format("id:{}", mount),
                                                            "--json", "--socket", socket}](int, const auto& wanted) {
        os::unique_fd out{memfd_create("drainctl why", MFD_CLOEXEC)};
        if (out)
            *end = os::run_program({.words = words, .output = out.get(), .limit = program_limit});
        else
            end->error = errno;
        return wanted() ? std::move(out) : os::unique_fd{};
    };
    do_aside(io, room, {}, thread_limit, run, [end, done = std::move(done)](int err, const os::unique_fd& out) {
        if (err != 0) return done(why_not_run(err));
        if (end->error != 0 || end->status != 0) return done(why_none(*end));
        json document = json::parse(out ? text_of(out.get()) : std::string{}, nullptr, false);
        if (!document.is_object())
            return done(api_error{500, "failed", "what drainctl why says is not JSON, or longer than 4 MiB", ""});
        done(std::move(document));
    });
}

}  // namespace drainlab::control
