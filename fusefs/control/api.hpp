// The endpoints of docs/api.md.
#pragma once
#include "fusefs/control/counters.hpp"
#include "fusefs/control/http.hpp"
#include "fusefs/control/served_mounts.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::control {

/// What /health tells of the daemon itself.
struct daemon_facts {
    std::string profile, identity, log, socket;
    std::function<std::string()> memcg_death;  ///< "inotify", or "poll" once a watch has failed
    std::uint64_t mount_namespace{};
    std::int64_t started_ns{}, linger_ms{};
    std::vector<std::string> limits;  ///< that the daemon could not lift: sentences for whoever mounts
};

/// Answers requests on behalf of the daemon. All references outlive it. Thread: the loop's.
class api {
  public:
    /// What a stop has come to. `lost`: what the stores do not have.
    struct stop_outcome {
        std::vector<held_mount> held;
        std::vector<lost_file> lost;
    };
    /// Ends the daemon: drains take `timeout` at most, then `answer` is called. False if it is stopping already.
    using end_daemon = std::function<bool(milliseconds timeout, std::function<void(const stop_outcome&)> answer)>;
    api(served_mounts& mounts, counter_book& counters, umount_watch& watch, sched::scheduler& sched,
        boost::asio::io_context& io, daemon_facts facts, end_daemon end);

    void handle(const http_request& request, const http_reply& reply);

  private:
    using parts = std::vector<std::string>;  // of the path
    bool handle_mount(const http_request& r, const parts& p, const http_reply& reply);
    bool handle_daemon(const http_request& r, const std::string& first, const http_reply& reply);

    void health(const http_reply& reply);
    void list(const http_reply& reply);
    struct listing;
    void list_some(const std::shared_ptr<listing>& l);
    void create(const http_request& r, const http_reply& reply);
    void check_store(mount_request request, std::function<void(const api_result<mount_view>&)> made);
    void show(const std::string& id, const http_reply& reply);
    void patch(const http_request& r, served_mount& m, const http_reply& reply);
    void wait(const http_request& r, const std::string& id, const http_reply& reply);
    void why(const std::string& id, const http_reply& reply);
    void answer_with_holders(std::uint32_t id, nlohmann::json body, int status, const http_reply& reply);
    void wait_switch(const http_request& r, served_mount& m, const http_reply& reply);
    void hold(const http_request& r, served_mount& m, const http_reply& reply);
    void unmount(const http_request& r, served_mount& m, const http_reply& reply);
    void power_cut(const http_request& r, served_mount& m, const http_reply& reply);
    /// /mounts/ID/faults, /faults/NAME, /faults/release. False: there is no such thing.
    bool handle_faults(const http_request& r, const parts& p, const http_reply& reply);
    void add_fault(const http_request& r, served_mount& m, const http_reply& reply);
    void policy(const http_request& r, const http_reply& reply);
    void widen(const http_request& r, const http_reply& reply);
    void list_points(const http_reply& reply);
    void waiting(const http_reply& reply);
    void stop(const http_request& r, const http_reply& reply);

    boost::asio::io_context& io_;
    served_mounts& mounts_;
    counter_book& counters_;
    umount_watch& watch_;
    sched::scheduler& sched_;
    daemon_facts facts_;
    end_daemon end_;
    std::vector<std::pair<std::string, std::int64_t>> widened_;
};

}  // namespace drainlab::control
