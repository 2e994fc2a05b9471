// What the endpoints answer. Private to api*.cpp.
#pragma once
#include "fusefs/control/http.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace drainlab::control {

inline http_response answer(const nlohmann::json& body, int status = 200) {
    return {status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "application/json"};
}

/// There is no such mount, or it is gone.
api_error not_found(const std::string& id);

}  // namespace drainlab::control
