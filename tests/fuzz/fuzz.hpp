// What every fuzz target is: one function that takes any bytes, and must neither crash, nor leak, nor take long.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Defined by each target.
void fuzz_one(std::string_view text);

// NOLINTNEXTLINE(misc-definitions-in-headers): included once by each target
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz_one({reinterpret_cast<const char*>(data), size});
    return 0;
}
