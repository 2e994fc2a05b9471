#include "fusefs/os/leave.hpp"

#include <unistd.h>

#ifdef DRAINLAB_COVERAGE
extern "C" void __gcov_dump();
extern "C" void __gcov_reset();
#endif

namespace drainlab::os {

void count_reached() {
#ifdef DRAINLAB_COVERAGE
    __gcov_dump();
    __gcov_reset();
#endif
}

void leave(int code) {
    count_reached();
    _exit(code);
}

}  // namespace drainlab::os
