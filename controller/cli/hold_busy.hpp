// `hold --by fd|cwd|...|switch`: a mount that is busy.
#pragma once

#include "controller/cli/hold_drain.hpp"

namespace drainlab::cli {

result<exit_code> hold_busy(const hold_options& o);

}  // namespace drainlab::cli
