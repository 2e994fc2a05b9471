#include "controller/cli/daemon.hpp"

#include "controller/client/launch.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::cli {

using nlohmann::json;

result<client::blocking_client> daemon_on(const std::string& socket_option) {
    BOOST_OUTCOME_TRY(auto socket, client::socket_path(socket_option));
    return client::blocking_client(std::move(socket));
}

result<json> mount_on(const client::blocking_client& daemon, const std::string& dir, const std::string& dev) {
    BOOST_OUTCOME_TRY(auto answer, daemon.get("/mounts"));
    json found;
    for (const auto& m : answer.value("mounts", json::array()))
        if (m.value("dir", "") == dir && m.value("dev", "") == dev && m.value("state", "") != "gone") found = m;
    return found;
}

bool nobody_there(const failure& why) { return why.code == "no_daemon"; }

std::string id_of(const json& mount) { return std::to_string(mount.at("id").get<std::int64_t>()); }

}  // namespace drainlab::cli
