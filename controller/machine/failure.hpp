// What fails on the machine: drainctl's failures, under their name here.
#pragma once

#include "controller/words/failure.hpp"

namespace drainlab::machine {

using namespace words::failures;

}  // namespace drainlab::machine
