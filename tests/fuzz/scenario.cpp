// TOML of scenarios.
#include "controller/experiment/scenario.hpp"

#include "tests/fuzz/fuzz.hpp"

void fuzz_one(std::string_view text) {
    (void)drainlab::experiment::parse_scenario(std::string{text}, "fuzz", "fuzz.toml");
}
