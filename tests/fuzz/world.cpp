// TOML of worlds.
#include "controller/race/world_spec.hpp"
#include "tests/fuzz/fuzz.hpp"

void fuzz_one(std::string_view text) { (void)drainlab::race::parse_world(text, "fuzz"); }
