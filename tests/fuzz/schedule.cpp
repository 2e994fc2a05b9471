// `race --schedule`. What is read says the same when it is written and read again.
#include "fusefs/sched/schedule.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <cstdlib>

void fuzz_one(std::string_view text) {
    const auto s = drainlab::sched::parse_schedule(text);
    if (s && drainlab::sched::parse_schedule(drainlab::sched::to_string(*s)) != s) std::abort();
}
