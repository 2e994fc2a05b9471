// Bodies and targets of requests.
#include "fusefs/control/http.hpp"
#include "fusefs/control/requests.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace drainlab::control;

void fuzz_one(std::string_view text) {
    http_request r;
    (void)parse_target(std::string{text}, r);
    (void)parse_mount_request(text);
    (void)parse_mount_patch(text);
    (void)parse_hold(text);
    (void)parse_umount(text);
    (void)parse_policy(text);
    (void)parse_widen(text);
    const auto stop = parse_stop(text);
    if (!stop.has_value()) (void)error_response(stop.assume_error());
}
