// TOML of profiles.
#include "fusefs/profile/load.hpp"
#include "tests/fuzz/fuzz.hpp"

void fuzz_one(std::string_view text) { (void)drainlab::profile::parse_profile(text, "fuzz.toml"); }
