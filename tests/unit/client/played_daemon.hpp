// A daemon's control socket on which the test plays the daemon: any number of requests, one after the other.
#pragma once
#include "tests/unit/client/canned_server.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <mutex>

namespace drainlab::test {

/// A request as it was made.
struct heard {
    std::string method, target;
    nlohmann::json body;
};

/// What is said to it.
struct spoken {
    nlohmann::json body = nlohmann::json::object();
    std::string status = "200 OK";
};

/// An error as a daemon says it.
inline spoken refusal(const std::string& status, const std::string& code, const std::string& message) {
    return {{{"error", {{"code", code}, {"message", message}}}}, status};
}

class played_daemon {
  public:
    /// `part` is called in a thread of ours.
    explicit played_daemon(std::function<spoken(const heard&)> part)
        : part_{std::move(part)}, thread_{[this] { serve(); }} {}
    ~played_daemon() {
        listener_.close_door();
        thread_.join();
    }
    std::string socket() const { return listener_.path(); }
    /// "GET /health", ... in the order in which they were made.
    std::vector<std::string> asked() {
        const std::lock_guard held{mutex_};
        std::vector<std::string> words;
        for (const auto& h : heard_) words.push_back(h.method + " " + h.target);
        return words;
    }
    /// The bodies of what was posted, in that order.
    std::vector<nlohmann::json> posted() {
        const std::lock_guard held{mutex_};
        std::vector<nlohmann::json> bodies;
        for (const auto& h : heard_)
            if (h.method == "POST") bodies.push_back(h.body);
        return bodies;
    }

  private:
    void serve() {
        for (int peer; (peer = listener_.next()) >= 0; close(peer)) {
            const auto said = answer_to(read_request(peer));
            const auto text = http(said.status, said.body.dump());
            [[maybe_unused]] const auto n = send(peer, text.data(), text.size(), MSG_NOSIGNAL);
        }
    }
    spoken answer_to(const heard& h) {
        {
            const std::lock_guard held{mutex_};
            heard_.push_back(h);
        }
        return part_(h);
    }
    static heard read_request(int peer) {
        std::string text;
        char piece[4096];
        const auto more = [&] {
            const auto n = read(peer, piece, sizeof piece);
            if (n > 0) text.append(piece, static_cast<std::size_t>(n));
            return n > 0;
        };
        std::size_t end;
        while ((end = text.find("\r\n\r\n")) == std::string::npos)
            if (!more()) return {};
        const std::string length = "Content-Length: ";
        const auto at = text.find(length);
        const auto size = at < end ? std::stoul(text.substr(at + length.size())) : 0;
        while (text.size() < end + 4 + size && more()) {}
        const auto space = text.find(' ');
        return {text.substr(0, space), text.substr(space + 1, text.find(' ', space + 1) - space - 1),
                nlohmann::json::parse(text.substr(end + 4), nullptr, false)};
    }

    std::function<spoken(const heard&)> part_;
    listening_socket listener_;
    std::mutex mutex_;
    std::vector<heard> heard_;
    std::thread thread_;
};

}  // namespace drainlab::test
