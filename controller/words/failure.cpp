#include "controller/words/failure.hpp"

#include <cstring>

namespace drainlab::words {
inline namespace failures {

failure system_failure(const std::string& what, int error, exit_code exit) {
    return {"failed", what + ": " + std::strerror(error), {}, exit, 0};
}

}  // namespace failures
}  // namespace drainlab::words
