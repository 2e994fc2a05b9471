#include "controller/lab/plan.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace drainlab::lab {
namespace {

/// std::shuffle may differ between libraries; this one does not.
template <class T>
void shuffle(std::vector<T>& items, std::mt19937_64& random) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

int rounded_up(int n, int step) { return (n + step - 1) / step * step; }

/// The samples of a scenario in boot `number` of `boots`.
int share(int samples, int boots, int number) { return samples / boots + (number < samples % boots ? 1 : 0); }

}  // namespace

std::vector<planned_boot> plan_boots(std::size_t kernels, const guest::parameters& all, int samples, int per_boot,
                                     std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const int boots = (samples + per_boot - 1) / per_boot;
    std::vector<planned_boot> plan;
    for (int number = 0; number < boots; ++number) {
        std::vector<std::size_t> order(kernels);
        std::iota(order.begin(), order.end(), 0U);
        shuffle(order, random);
        for (const auto kernel : order) {
            planned_boot boot{kernel, all};
            boot.told.seed = random() >> 16;
            boot.told.measure = all.measure && number == 0;
            boot.told.scenarios.clear();
            for (auto s : all.scenarios) {
                const int rounds = rounded_up(samples, s.at_once) / s.at_once;
                s.samples = share(rounds, boots, number) * s.at_once;
                if (s.samples > 0) boot.told.scenarios.push_back(s);
            }
            shuffle(boot.told.scenarios, random);
            if (!boot.told.scenarios.empty()) plan.push_back(std::move(boot));
        }
    }
    return plan;
}

}  // namespace drainlab::lab
