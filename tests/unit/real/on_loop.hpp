// A loop for tests, and a folder of its own.
#pragma once

#include "controller/real/loop.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <stdlib.h>
#include <string>

using scratch_dir = drainlab::tests::own_folder;
