// A whole daemon, played: a process that can be started and killed, and a control socket that the test answers, also
// several callers at once and those who hear events. (client/played_daemon.hpp is a socket alone.)
#pragma once
#include "tests/own_folder.hpp"

#include <nlohmann/json.hpp>

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace drainlab::test {

/// What came in.
struct asked {
    std::string what;  ///< "POST /mounts"; without what follows a '?'
    std::string query;
    nlohmann::json body;  ///< null when there was none
};

/// What goes out.
struct answer {
    int status = 200;
    nlohmann::json body = nlohmann::json::object();
    enum { keep, hang_up, silence } then = keep;  ///< the latter two: no answer at all
};

/// Answers as a daemon would whose mounts die at once: GET /counters tells of many switches, waits are over when they
/// are asked for. Requests are kept in order.
///
/// Thread: any; answers are made on one of its own.
class played_drainfs {
  public:
    using answerer = std::function<std::optional<answer>(const asked&)>;
    played_drainfs();
    ~played_drainfs();
    played_drainfs(const played_drainfs&) = delete;
    played_drainfs& operator=(const played_drainfs&) = delete;

    const std::string& socket() const { return socket_; }
    /// For daemon_options::program: notes its words and number, says `ready`, and lives until its lifeline ends.
    /// Its socket leads to ours.
    std::string program() const;
    std::vector<std::string> words() const;  ///< of the program when it was started last
    pid_t pid() const;                       ///< its number then

    /// Asked before the plain answers: nothing leaves it to them.
    void answer_with(answerer other);
    /// An event for those who read GET /events.
    void tell(const nlohmann::json& event);
    /// No more events for those, as when a daemon ends.
    void end_events();
    /// "PUT /policy", "POST /mounts", ... so far.
    std::vector<std::string> requests() const;
    /// The bodies of all requests for `what` so far.
    std::vector<nlohmann::json> bodies(const std::string& what) const;
    /// Where the mount of this number was asked for.
    std::string dir_of(int id) const;

    nlohmann::json health, counters, taken;  ///< what GET /health, GET /counters and POST /counters/take answer
    nlohmann::json mount;  ///< a MOUNT, but for its number, name and directory. All four: set before anybody asks

  private:
    struct connection {
        std::string in;
        bool hears_events = false;
    };
    void serve();
    void take(int fd);
    bool hear(int fd, connection& from);
    bool reply(int fd, connection& to, const asked& request);
    answer plain_answer(const asked& request);

    tests::own_folder folder_;
    std::string socket_;
    mutable std::mutex mutex_;
    answerer other_;
    std::vector<asked> all_;
    std::vector<nlohmann::json> mounts_;
    std::map<int, connection> open_;
    int listener_ = -1;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

}  // namespace drainlab::test
