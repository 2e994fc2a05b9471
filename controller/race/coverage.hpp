// What a campaign has visited: named points, events of the model,
// and which event came while a task was held at which point.
#pragma once
#include "controller/race/world.hpp"

#include <array>
#include <atomic>
#include <string>

namespace drainlab::race {

/// Shared by all runs of a campaign, on any thread.
class coverage {
  public:
    static constexpr std::size_t limit = 128;  ///< points, and events

    void passed(std::size_t point, bool preempted);
    /// `event` happened while another task was held at `point`.
    void overtook(std::size_t point, std::size_t event);
    void happened(std::size_t event);
    /// What is known, what was visited, and every pair of a point
    /// and an event, both of which were visited, that did not meet.
    std::string as_text(const by_window<std::uint64_t>& reached) const;

    /// Small numbers for names; the same in every thread.
    static std::size_t number_of_point(std::string_view name);
    static std::size_t number_of_event(std::string_view name);

  private:
    using bits = std::array<std::atomic<bool>, limit>;
    bits passed_{}, preempted_{}, happened_{};
    std::array<bits, limit> pairs_{};
};

/// Listens to one run. Forwards nothing.
class coverage_listener final : public run_listener {
  public:
    explicit coverage_listener(coverage& into) : into_{into} {}
    void runs(const sched::fiber& f) override;
    void passes(const sched::fiber& f, sched::point at, bool preempted) override;
    void traced(const kernel::trace_event& e) override;
    void violated(const kernel::violation&) override {}

  private:
    struct held {
        sched::fiber_id fiber;
        std::size_t point;
    };
    coverage& into_;
    sched::fiber_id running_{};
    std::vector<held> held_;
};

}  // namespace drainlab::race
