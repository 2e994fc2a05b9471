// How the controller says that something went wrong: a value that knows its words and its exit code.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include <string>
#include <utility>

namespace drainlab::words {
/// Folders that return failures have these names as their own: `using namespace words::failures`.
inline namespace failures {

/// drainctl's exit codes; scripts rely on them.
enum class exit_code : int {
    fine = 0,
    violated = 1,    ///< an invariant was violated
    usage = 2,       ///< usage, bad input file, bad mount point
    regression = 3,  ///< worse than the baseline
    cannot_run = 4,  ///< this machine lacks something; the message says what
    broken = 5,      ///< drainlab itself failed: the daemon died, the connection was lost
    busy = 16,       ///< the target is busy
    timed_out = 124,
    interrupted = 130,
};

/// One failure, as people and programs read it.
struct failure {
    std::string code;     ///< short word: `bad_request`, `not_found`, `no_daemon`, `connection_lost`, ... (docs/api.md)
    std::string message;  ///< one line: what went wrong and with what
    std::string hint;     ///< what to do about it; may be empty
    exit_code exit = exit_code::broken;
    int http_status = 0;  ///< the answer's status, 0 when there was none
};

/// A value or a failure. Observing the wrong one ends the process. BOOST_OUTCOME_TRY hands failures upwards. It has no
/// default value, so asio::co_spawn() takes no awaitable<result<T>>: wrap it in an awaitable<void> that stores the
/// outcome.
template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, failure, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// The value of a `result<void>`-like success.
inline auto success() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

inline failure usage_error(std::string message, std::string hint = {}) {
    return {"usage", std::move(message), std::move(hint), exit_code::usage, 0};
}

/// A failed system call: "<what>: <text of errno>".
failure system_failure(const std::string& what, int error, exit_code exit = exit_code::broken);

}  // namespace failures
}  // namespace drainlab::words
