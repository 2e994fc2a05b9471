#include "controller/client/failure.hpp"

#include <cstring>

namespace drainlab::client {

failure system_failure(const std::string& what, int error, exit_code exit) {
    return {"failed", what + ": " + std::strerror(error), {}, exit, 0};
}

}  // namespace drainlab::client
