// Programs that are installed beside us.
#pragma once
#include <string>

namespace drainlab::control {

/// `drainctl` beside this program; "drainctl", to be looked for in PATH, if there is none.
std::string drainctl_program();

}  // namespace drainlab::control
