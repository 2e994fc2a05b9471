#include "controller/client/client.hpp"
#include "controller/mounts/mountable.hpp"

#include <nlohmann/json.hpp>

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
    client::blocking_client api() const { return client::blocking_client{socket_()}; }
    std::function<std::string()> socket_;
    std::string policy_;
};

}  // namespace

std::unique_ptr<mountable> make_drainfs(std::function<std::string()> socket, std::string policy) {
    return std::make_unique<drainfs>(std::move(socket), std::move(policy));
}

}  // namespace drainlab::mounts
