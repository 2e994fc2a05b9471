#include "fusefs/control/event_stream.hpp"

#include <boost/asio/write.hpp>

#include <charconv>
#include <deque>
#include <string>
#include <system_error>
#include <utility>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;
using socket_type = asio::local::stream_protocol::socket;
using boost::system::error_code;

constexpr std::size_t queue_limit = 20'000;  // events that a reader may be behind

class event_stream : public std::enable_shared_from_this<event_stream> {
  public:
    event_stream(socket_type socket, trace::hub& events, event_filter filter, std::shared_ptr<void> hold)
        : socket_{std::move(socket)}, hub_{events}, filter_{std::move(filter)}, hold_{std::move(hold)} {
        queue_.push_back(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: "
            "close\r\n\r\n");
    }
    void start() {
        if (filter_.since)
            for (const auto& e : hub_.latest())
                if (e.number > *filter_.since && filter_.wants(e)) queue_.push_back(line(e));
        listening_ = hub_.subscribe([this](const trace::event& e) { push(e); });
        write();
        watch_for_end();
    }

  private:
    static std::string line(const trace::event& e) { return "data: " + trace::to_json(e) + "\n\n"; }
    void push(const trace::event& e) {
        if (queue_.size() >= queue_limit || !filter_.wants(e)) return;
        queue_.push_back(line(e));
        if (!writing_) write();
    }
    void write() {
        if (queue_.empty()) return;
        writing_ = true;
        sending_.clear();
        for (; !queue_.empty() && sending_.size() < 64 * 1024; queue_.pop_front()) sending_ += queue_.front();
        asio::async_write(socket_, asio::buffer(sending_), [self = shared_from_this()](error_code error, std::size_t) {
            self->writing_ = false;
            if (error) return self->end();
            self->write();
        });
    }
    /// The client says nothing more; the end of what it sends is the end of it. Keeps the object alive meanwhile.
    void watch_for_end() {
        socket_.async_read_some(asio::buffer(ignored_), [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->end();
            self->watch_for_end();
        });
    }
    void end() {
        listening_.cancel();
        error_code ignored;
        socket_.close(ignored);
    }

    socket_type socket_;
    trace::hub& hub_;
    event_filter filter_;
    std::shared_ptr<void> hold_;
    trace::hub::subscription listening_;
    std::deque<std::string> queue_;
    std::string sending_;
    bool writing_{false};
    char ignored_[256]{};
};

}  // namespace

api_result<event_filter> parse_event_filter(const http_request& r) {
    event_filter f;
    for (const auto& [key, value] : r.query) {
        if (key == "mount") {
            f.mount = value;
        } else if (key == "since") {
            std::uint64_t n = 0;
            const char* const end = value.data() + value.size();
            const auto [stop, error] = std::from_chars(value.data(), end, n);
            if (error != std::errc{} || stop != end)
                return bad_request("'since' must be the number of an event: its \"n\"");
            f.since = n;
        } else {
            return bad_request("unknown key '" + key + "' in the query", "known here: mount, since");
        }
    }
    return f;
}

void stream_events(socket_type socket, trace::hub& events, event_filter filter, std::shared_ptr<void> hold) {
    std::make_shared<event_stream>(std::move(socket), events, std::move(filter), std::move(hold))->start();
}

}  // namespace drainlab::control
