// What fails here: drainctl's failures, under their name here.
#pragma once

#include "controller/words/failure.hpp"

namespace drainlab::daemons {

using namespace words::failures;

}  // namespace drainlab::daemons
