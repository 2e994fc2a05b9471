// X.state, as a stranger might have written it. What is read can be written and read again.
#include "fusefs/control/state_file.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <cstdlib>

using namespace drainlab::control;

void fuzz_one(std::string_view text) {
    const auto s = state_from_json(std::string{text});
    if (s && !state_from_json(state_to_json(*s))) std::abort();
}
