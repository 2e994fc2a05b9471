// The daemon's parts but its socket, on a loop of its own, with a kernel and a watch that do as the test says.
#pragma once
#include "fusefs/control/api.hpp"
#include "fusefs/fuse/identity.hpp"
#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/sched/real.hpp"
#include "fusefs/storage/stores.hpp"
#include "fusefs/trace/hub.hpp"
#include "tests/unit/control/fake_kernel.hpp"
#include "tests/unit/control/fake_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace drainlab::control::test {

class daemon_world {
  public:
    explicit daemon_world(milliseconds drain_limit = milliseconds{60'000}, std::shared_ptr<owner_record> record = {});
    ~daemon_world();
    daemon_world(const daemon_world&) = delete;
    daemon_world& operator=(const daemon_world&) = delete;

    /// Runs the loop until that is true.
    template <class Condition>
    void until(Condition met) {
        while (!met()) io.run_one();
    }
    /// What create() says in the end.
    api_result<mount_view> mount(mount_request r);
    /// A mount on /proc, with our end of its connection in `line`.
    served_mount& mounted(const std::string& name = "a", mount_request r = {});
    /// Its end, as the kernel tells of it once the unmounter may go on. Runs until nothing is left of it.
    void gone(std::uint32_t id);
    /// Asks the API and waits for what it says. `status` gets its status.
    nlohmann::json ask(const std::string& method, const std::string& target, const nlohmann::json& body = nullptr);
    /// The same, without waiting; see `replies`.
    void send(const std::string& method, const std::string& target, const std::string& body,
              std::shared_ptr<http_hangup> hangup = {});

    int status{};
    std::optional<http_response> reply;
    int empties{};
    std::vector<milliseconds> stops;  ///< that were asked for
    bool refuse_stop{};
    api::stop_outcome outcome;  ///< of each

    boost::asio::io_context io{1};
    trace::hub events;
    sched::real_scheduler sched{io};
    kernel::profile profile;
    kernel::machine_real machine{sched, profile};
    std::unique_ptr<kernel::rcu> rcu;
    kernel::host host;
    storage::stores stores{sched};
    boost::asio::posix::stream_descriptor stores_back{io};
    struct everybody final : fuse::identity {
        kernel::host& host;
        explicit everybody(kernel::host& h) : host{h} {}
        kernel::memcg_ptr of(pid_t) override { return host.root_memcg; }
        const char* kind() const noexcept override { return "session"; }
        const char* death() const noexcept override { return "poll"; }
    } callers{host};
    fuse::environment env{io, host, callers};
    fake_kernel kernel_side;
    std::map<std::uint32_t, connection> line;  ///< our end, by mount
    fake_watch watch{io};
    std::optional<std::string> off_limits;
    std::unique_ptr<served_mounts> mounts;
    loop_lag lag{io};
    std::unique_ptr<counter_book> counters;
    std::unique_ptr<api> endpoints;

  private:
    void hear_from_stores();
};

/// A request for a mount of that name, on a directory that is a mount already.
mount_request request_on(const std::string& dir, const std::string& name);

}  // namespace drainlab::control::test
