// Result files.
#include "controller/result/read.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string>

void fuzz_one(std::string_view text) { (void)drainlab::report::read_json(std::string{text}); }
