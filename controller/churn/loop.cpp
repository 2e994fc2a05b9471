#include "controller/churn/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

namespace drainlab::churn {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// Watches the time, the caller's wish to stop, the daemon's next death, and how it goes.
class overseer {
  public:
    static constexpr auto every = 20ms;

    overseer(const options& o, yard& y, host* h, const std::optional<rate>& beside,
             const std::function<void(const progress&)>& tell, const std::function<bool()>& stop)
        : options_(o), yard_(y), host_(h), beside_(beside), tell_(tell), stop_(stop), random_(o.seed ^ 0x6b696c6cu) {}

    void watch(std::chrono::nanoseconds length, const std::function<bool()>& all_done, outcome& out) {
        begun_ = clock::now();
        const auto end = begun_ + length;
        auto next_kill = begun_ + until_next();
        auto next_look = begun_ + every;
        while (!all_done() && (options_.cycles || clock::now() < end)) {
            std::this_thread::sleep_until(next_look);
            look(length);
            next_look = std::max(next_look + every, clock::now() - every);
            if (stop_()) {
                out.interrupted = "interrupted";
                break;
            }
            if (!host_ || options_.kill_daemon == 0ns || clock::now() < next_kill) continue;
            ++out.daemon_kills;
            if (const auto up = host_->replace(yard_); !up) {
                out.counts.violations.push_back("the daemon did not come up again: " + up.error().message);
                break;
            }
            next_kill = clock::now() + until_next();
        }
        yard_.stop = true;
        out.cycles_per_s = pulse_.cycles_per_s();
        out.backlog = pulse_.backlog();
    }

  private:
    void look(std::chrono::nanoseconds length) {
        pulse_.look(yard_.cycles_done, static_cast<std::uint64_t>(std::max<std::int64_t>(0, yard_.backlog)));
        if (++looks_ % 5 != 0) return;
        progress now;
        now.mounts = yard_.kind.name();
        const double by_time = std::chrono::duration<double>(clock::now() - begun_) / length;
        const auto done = static_cast<double>(yard_.cycles_done.load());
        now.share = std::min(1.0, options_.cycles ? done / static_cast<double>(*options_.cycles) : by_time);
        const auto mine = pulse_.cycles_per_s();
        const auto times = mine && beside_ ? ratio_of(*mine, *beside_) : std::nullopt;
        if (times)
            now.so_far = fmt::format("{:.1f} times as many cycles as drainfs [{:.1f}, {:.1f}]", times->per_s,
                                     times->low, times->high);
        else if (mine)
            now.so_far = fmt::format("{:.0f} cycles a second [{:.0f}, {:.0f}]", mine->per_s, mine->low, mine->high);
        tell_(now);
    }
    /// Half to one and a half times the mean.
    std::chrono::nanoseconds until_next() {
        const auto mean = static_cast<std::uint64_t>(std::max<std::int64_t>(options_.kill_daemon.count(), 1));
        return std::chrono::nanoseconds(mean / 2 + random_() % mean);
    }
    const options& options_;
    yard& yard_;
    host* host_;
    const std::optional<rate>& beside_;
    const std::function<void(const progress&)>& tell_;
    const std::function<bool()>& stop_;
    clock::time_point begun_;
    pulse pulse_{std::chrono::duration<double>(every).count()};
    int looks_ = 0;
    std::mt19937_64 random_;
};

}  // namespace

outcome run_loop(const options& o, mounts::mountable& kind, host* h, const std::string& base,
                 std::chrono::nanoseconds length, const std::optional<rate>& beside,
                 const std::function<void(const progress&)>& tell, const std::function<bool()>& stop) {
    outcome out;
    out.kind = kind.name();
    yard y{kind};
    y.weights = o.weights;
    y.room = moments::most / static_cast<std::size_t>(std::max(o.mounts, 1));
    y.limited = o.cycles.has_value();
    y.cycles_left = o.cycles.value_or(0);
    std::vector<std::unique_ptr<worker>> workers;
    workers.reserve(static_cast<std::size_t>(o.mounts));
    for (int i = 0; i < o.mounts; ++i)
        workers.push_back(std::make_unique<worker>(y, fmt::format("{}/{}{}", base, kind.name(), i),
                                                   o.seed * 1'000'003 + static_cast<std::uint64_t>(i)));
    std::atomic<int> busy{o.mounts};
    const auto begun = clock::now();
    out.began_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(begun.time_since_epoch()).count();
    std::vector<std::thread> threads;
    threads.reserve(workers.size());
    for (auto& w : workers)
        threads.emplace_back([&w, &busy] {
            w->run();
            --busy;
        });
    overseer{o, y, h, beside, tell, stop}.watch(
        length, [&] { return busy == 0; }, out);
    for (auto& t : threads) t.join();
    out.elapsed_s = std::chrono::duration<double>(clock::now() - begun).count();
    for (auto& w : workers) out.counts.merge(w->counts());
    return out;
}

}  // namespace drainlab::churn
