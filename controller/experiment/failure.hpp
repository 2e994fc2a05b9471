// What ends an experiment early: drainctl's failures, under their name here.
#pragma once

#include "controller/words/failure.hpp"

namespace drainlab::experiment {

using namespace words::failures;

}  // namespace drainlab::experiment
