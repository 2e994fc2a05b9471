// The daemon's log.
#include "fusefs/control/scribe.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::control {
namespace {

/// The message, on one line and without control characters, whatever names are in it.
class one_line final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
        const auto text = os::to_line({message.payload.data(), message.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<one_line>(); }
};

/// Hands each line to a scribe; what it cannot take any more is counted, and said once it can.
class scribe_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    explicit scribe_sink(int fd) : fd_{fd}, scribe_{{fd}} {}
    bool finished(std::chrono::milliseconds limit) { return scribe_.finished(limit); }

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        auto text = fmt::to_string(line);
        if (missing_ > 0) text = fmt::format("{} lines are missing here\n", missing_) + text;
        missing_ = scribe_.add([fd = fd_, text = std::move(text)] { write(fd, text); }) ? 0 : missing_ + 1;
    }
    void flush_() override {}
    static void write(int fd, std::string_view text) {
        while (!text.empty()) {
            const ssize_t n = ::write(fd, text.data(), text.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    int fd_;
    unsigned long missing_{};
    scribe scribe_;
};

std::shared_ptr<scribe_sink> sink;

}  // namespace

void start_log(const std::string& path, bool verbose) {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), ignored);
    int fd = path.empty() ? 2 : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        std::fprintf(stderr, "drainfs: --log %s: %s; logging to standard error\n", path.c_str(), std::strerror(errno));
        fd = 2;
    }
    sink = std::make_shared<scribe_sink>(fd);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("drainfs", sink));
    auto format = std::make_unique<spdlog::pattern_formatter>();
    format->add_flag<one_line>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %*");
    spdlog::set_formatter(std::move(format));
    spdlog::set_level(verbose ? spdlog::level::debug : spdlog::level::info);
}

void finish_log() {
    if (sink) sink->finished(std::chrono::seconds{2});
}

}  // namespace drainlab::control
