// A small generator whose numbers are the same on every machine
// and in every build (the standard's distributions are not).
#pragma once
#include <cstdint>

namespace drainlab::sched {

/// splitmix64 (Steele, Lea, Flood 2014): 64-bit state, passes BigCrush, any seed is fine.
class random {
    __extension__ using wide = unsigned __int128;

  public:
    explicit random(std::uint64_t seed) noexcept : state_{seed} {}
    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// Uniform in [0, n); n > 0.
    std::uint64_t below(std::uint64_t n) noexcept {
        return static_cast<std::uint64_t>((static_cast<wide>(next()) * n) >> 64);
    }
    /// Uniform in [0, 1).
    double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  private:
    std::uint64_t state_;
};

}  // namespace drainlab::sched
