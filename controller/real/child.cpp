#include "controller/real/child.hpp"

#include "controller/machine/process.hpp"
#include "controller/real/until_readable.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/outcome/try.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::real {

namespace asio = boost::asio;

client::result<child> child::start(asio::any_io_executor executor, std::vector<std::string> words, std::string errors) {
    BOOST_OUTCOME_TRY(auto in, machine::lifeline::make());
    BOOST_OUTCOME_TRY(auto out, machine::lifeline::make());
    const os::unique_fd err{open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (!err) return client::system_failure("cannot open " + errors, errno);
    machine::birth how{.words = std::move(words)};
    how.descriptors = {{in.theirs.get(), 0}, {out.ours.get(), 1}, {err.get(), 2}};
    auto started = machine::child::start(how);
    if (!started) {
        client::failure why = started.error();
        why.exit = client::exit_code::cannot_run;
        return why;
    }
    return child{std::move(executor), std::move(started.value()), in.ours.release(), out.theirs.release(),
                 std::move(errors)};
}

child::child(asio::any_io_executor executor, machine::child process, int in, int out, std::string errors)
    : process_{std::move(process)},
      who_{os::identify_process(process_.pid())},
      pidfd_{executor, fcntl(process_.pidfd(), F_DUPFD_CLOEXEC, 3)},
      in_{executor, in},
      out_{executor, out},
      errors_{std::move(errors)} {}

child::child(child&& other) noexcept
    : process_{std::move(other.process_)},
      who_{std::move(other.who_)},
      pidfd_{std::move(other.pidfd_)},
      in_{std::move(other.in_)},
      out_{std::move(other.out_)},
      errors_{std::move(other.errors_)},
      status_{other.status_} {}

// It may sit in a system call that only the daemon's end will free; the end of our process takes care of the rest.
child::~child() = default;

void child::reap() { finish(std::chrono::milliseconds(0)); }

bool child::finish(std::chrono::milliseconds limit) {
    if (status_) return true;
    if (const auto ended = process_.wait(limit)) status_ = machine::shell_status(*ended);
    return status_.has_value();
}

asio::awaitable<int> child::exited() {
    while (!status_) {
        if (const auto ec = co_await until_readable(pidfd_)) throw boost::system::system_error{ec};  // cancelled
        reap();
    }
    co_return *status_;
}

asio::awaitable<std::string> child::line() {
    std::string text;
    boost::system::error_code ec;
    auto buffer = asio::dynamic_buffer(text, 4096);
    co_await asio::async_read_until(out_, buffer, '\n', asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    co_return text.substr(0, text.find('\n'));
}

void child::tell(const std::string& text) {
    if (in_.is_open()) [[maybe_unused]]
        const auto written = write(in_.native_handle(), text.data(), text.size());
}

void child::let_go() {
    boost::system::error_code ec;
    in_.close(ec);
}

void child::send(int signal) noexcept {
    if (!status_) process_.send(signal);
}

std::string child::last_words() const {
    auto text = machine::read_text(errors_);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    for (auto& c : text)
        if (c == '\n') c = ' ';
    return text;
}

}  // namespace drainlab::real
