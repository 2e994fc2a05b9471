// A request that cannot be met, as the API tells it.
#pragma once
#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/all_narrow.hpp>

#include <string>
#include <utility>

namespace drainlab::control {

/// `code` is one of the short words of docs/api.md; `message` names
/// the thing that is wrong; `hint` what would be right, or "".
struct api_error {
    int status{400};
    std::string code{"bad_request"};
    std::string message;
    std::string hint{};
};

/// A value, or why there is none. Check with has_value() first.
template <class T>
using api_result =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, api_error, BOOST_OUTCOME_V2_NAMESPACE::policy::all_narrow>;

inline api_error bad_request(std::string message, std::string hint = {}) {
    return {400, "bad_request", std::move(message), std::move(hint)};
}

}  // namespace drainlab::control
