// The daemon itself. Private to daemon*.cpp: daemon.cpp puts it together, daemon_end.cpp ends it, daemon_record.cpp
// writes down what it owns.
#pragma once
#include "fusefs/control/api.hpp"
#include "fusefs/control/ending.hpp"
#include "fusefs/control/owner_record.hpp"
#include "fusefs/control/settings.hpp"
#include "fusefs/control/socket.hpp"
#include "fusefs/fuse/identity.hpp"
#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/os/own_file.hpp"
#include "fusefs/os/process_identity.hpp"
#include "fusefs/sched/real.hpp"
#include "fusefs/storage/stores.hpp"
#include "fusefs/trace/hub.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace drainlab::control {

namespace asio = boost::asio;
using boost::system::error_code;

/// Something that keeps the daemon from starting.
struct failure {
    int exit_code{};
    std::string code, message, hint;
};

/// All parts, in the order in which they depend on each other.
class daemon {
  public:
    daemon(const settings& s, kernel::profile profile, const kernel::drain_policy& policy,
           std::vector<std::string> limits)
        : settings_{s}, profile_{std::move(profile)}, policy_{policy}, limits_{std::move(limits)} {}

    ~daemon();
    std::optional<failure> open();
    int run();

  private:
    void make_kernel();
    void hear_from_stores();
    std::optional<failure> make_identity();
    void make_mounts();
    void serve();
    void watch_signals();
    void wait_for_signal();
    void take(ending_event e);
    void take(ending_event e, milliseconds drains_may_take);
    void say_lost(const std::vector<lost_file>& lost);
    void watch_lifeline();
    void wait_for_lifeline();
    void start_record();
    std::optional<std::string> why_off_limits_here(const std::string& dir, std::string type) const;
    void on_empty();
    void end_unless_used();
    bool stop_asked(milliseconds timeout, std::function<void(const api::stop_outcome&)> answer);
    void finish();
    void run_loop();
    void say_goodbye() noexcept;

    settings settings_;
    kernel::profile profile_;
    const kernel::drain_policy& policy_;
    std::vector<std::string> limits_;
    std::int64_t started_ns_{};
    const os::process_identity self_{os::this_process()};
    os::life_lock life_;
    int exit_code_{};
    int listening_fd_{-1};
    bool owns_socket_{}, gone_{};
    std::string log_path_;      ///< without symlinks
    std::string cgroup_root_;   ///< where callers' cgroups are looked up; empty: nowhere
    os::unique_fd socket_dir_;  ///< where the socket and the record are, whatever is mounted there
    std::shared_ptr<owner_record> record_;
    /// Its name goes when nothing is left that another daemon would find in use.
    struct socket_end {
        daemon& d;
        ~socket_end() {
            if (d.record_) d.record_->close([] {});
            if (d.owns_socket_) remove_control_socket(d.socket_dir_.get(), d.settings_.socket);
            if (d.listening_fd_ >= 0) close(d.listening_fd_);
        }
    } socket_end_{*this};
    ending ending_;
    error_code ignored_;
    std::function<void(const api::stop_outcome&)> stop_answer_;

    asio::io_context io_{1};
    trace::hub events_;
    trace::hub::subscription log_sink_, usdt_sink_;
    asio::signal_set signals_{io_};
    asio::posix::stream_descriptor lifeline_{io_};
    asio::steady_timer linger_{io_};
    std::unique_ptr<sched::real_scheduler> sched_;  // the kernel's parts and the mounts refer to it until they are gone
    std::unique_ptr<kernel::machine_real> machine_;
    std::unique_ptr<kernel::rcu> rcu_;
    std::unique_ptr<kernel::host> host_;
    std::unique_ptr<storage::stores> stores_;
    asio::posix::stream_descriptor stores_back_{io_};
    std::unique_ptr<fuse::identity> identity_;
    std::optional<fuse::environment> env_;
    std::unique_ptr<served_mounts> mounts_;
    /// The model's tasks refer to mounts, and end before these go.
    struct tasks_end {
        daemon& d;
        ~tasks_end() {
            if (d.sched_) d.sched_->drop_all();
        }
    } tasks_end_{*this};
    std::unique_ptr<loop_lag> lag_;
    std::unique_ptr<umount_watch> watch_;
    std::unique_ptr<counter_book> counters_;
    std::unique_ptr<api> api_;
    std::unique_ptr<http_server> server_;
};

inline std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace drainlab::control
