// What the endpoints answer. Private to api*.cpp.
#pragma once
#include "fusefs/control/http.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace drainlab::control {

/// What is no UTF-8 in it is replaced.
inline std::string text_of(const nlohmann::json& body) {
    return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
inline http_response answer(const nlohmann::json& body, int status = 200) {
    return {status, text_of(body), "application/json"};
}

/// There is no such mount, or it is gone.
api_error not_found(const std::string& id);

}  // namespace drainlab::control
