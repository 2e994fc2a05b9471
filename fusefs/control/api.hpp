// The endpoints of docs/api.md.
#pragma once
#include "fusefs/control/counters.hpp"
#include "fusefs/control/http.hpp"
#include "fusefs/control/mount_table.hpp"

#include <functional>
#include <string>
#include <vector>

namespace drainlab::control {

/// What /health tells that does not change.
struct daemon_facts {
    std::string profile, identity, memcg_death, log, socket;
    std::uint64_t mount_namespace{};
    std::int64_t started_ns{}, linger_ms{};
};

/// Answers requests on behalf of the daemon. All references outlive it. Thread: the loop's.
class api {
  public:
    /// `end` is called after a stop was answered: the daemon is to end.
    using end_daemon = std::function<void(const std::vector<held_mount>&)>;
    api(mount_table& mounts, counter_book& counters, umount_watch& watch, sched::scheduler& sched, daemon_facts facts,
        end_daemon end);

    void handle(const http_request& request, const http_reply& reply);

  private:
    using parts = std::vector<std::string>;  // of the path
    bool handle_mount(const http_request& r, const parts& p, const http_reply& reply);
    bool handle_daemon(const http_request& r, const std::string& first, const http_reply& reply);

    void health(const http_reply& reply);
    void list(const http_reply& reply);
    void create(const http_request& r, const http_reply& reply);
    void show(const std::string& id, const http_reply& reply);
    void patch(const http_request& r, mount& m, const http_reply& reply);
    void wait(const http_request& r, const std::string& id, const http_reply& reply);
    void wait_switch(const http_request& r, mount& m, const http_reply& reply);
    void hold(const http_request& r, mount& m, const http_reply& reply);
    void unmount(const http_request& r, mount& m, const http_reply& reply);
    void policy(const http_request& r, const http_reply& reply);
    void widen(const http_request& r, const http_reply& reply);
    void list_points(const http_reply& reply);
    void waiting(const http_reply& reply);
    void stop(const http_request& r, const http_reply& reply);

    mount_table& mounts_;
    counter_book& counters_;
    umount_watch& watch_;
    sched::scheduler& sched_;
    daemon_facts facts_;
    end_daemon end_;
    std::vector<std::pair<std::string, std::int64_t>> widened_;
};

}  // namespace drainlab::control
