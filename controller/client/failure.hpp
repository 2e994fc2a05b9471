// What calls of the control API fail with: drainctl's failures, under their name here.
#pragma once

#include "controller/words/failure.hpp"

namespace drainlab::client {

using namespace words::failures;

}  // namespace drainlab::client
