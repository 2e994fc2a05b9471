#include "controller/client/client.hpp"
#include "controller/mounts/mountable.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace drainlab::mounts {

using nlohmann::json;

namespace {

class drainfs final : public mountable {
  public:
    drainfs(std::function<std::string()> socket, std::string policy)
        : socket_(std::move(socket)), policy_(std::move(policy)) {}
    std::string name() const override { return "drainfs"; }

    client::result<made> mount(const std::string& dir, const std::string& store) override {
        json body{{"dir", dir}, {"store", store}};
        if (!policy_.empty()) body["policy"] = policy_;
        BOOST_OUTCOME_TRY(auto answer, api().post("/mounts", body));
        return made{dir, std::to_string(answer.at("id").get<int>()), store};
    }

    client::result<void> wait_dead(const made& m, std::chrono::milliseconds limit) override {
        BOOST_OUTCOME_TRYV(api().wait_state(m.id, "dead", limit));
        return client::success();
    }

  private:
    /// Of the daemon that there is now. Called from several threads.
    client::blocking_client api() {
        auto now = socket_();
        const std::lock_guard lock{mutex_};
        if (!api_ || api_->socket() != now) api_.emplace(std::move(now), client::connections::kept);
        return *api_;
    }
    std::function<std::string()> socket_;
    std::string policy_;
    std::mutex mutex_;
    std::optional<client::blocking_client> api_;
};

}  // namespace

std::unique_ptr<mountable> make_drainfs(std::function<std::string()> socket, std::string policy) {
    return std::make_unique<drainfs>(std::move(socket), std::move(policy));
}

}  // namespace drainlab::mounts
