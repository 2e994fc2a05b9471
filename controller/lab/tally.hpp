// What the guests of one kernel have said, gathered into cells.
#pragma once

#include "controller/lab/kernel.hpp"
#include "controller/lab/machine.hpp"
#include "controller/result/collect.hpp"
#include "workloads/guest/parameters.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::lab {

/// The trace of one round, as the guest sent it.
struct round_trace {
    std::string scenario;
    int boot = 0, number = 0, pid = 0;
    std::string text;
};

/// One kernel. Thread: one.
class kernel_tally {
  public:
    explicit kernel_tally(kernel_image image) : image_(std::move(image)) {}

    void begin_boot(const guest::parameters& told);
    void take(const message& m);
    void end_boot(const machine_end& end);

    const kernel_image& image() const noexcept { return image_; }
    const std::string& release() const noexcept { return release_; }
    const policy_told& policy() const noexcept { return policy_; }
    int ticks_per_second() const noexcept { return hz_; }
    /// How many guests of it were begun.
    int boots() const noexcept { return boots_; }
    bool violated() const noexcept { return violated_; }
    double cpu_s() const noexcept { return cpu_s_; }
    /// What a guest of it measured of its own machine.
    const std::optional<guest::causes>& measured() const noexcept { return measured_; }
    const std::vector<round_trace>& traces() const noexcept { return traces_; }
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    /// Its cells, called `policy` in the tables.
    std::vector<report::cell> cells(const std::string& policy) const;
    /// Says something about a scenario of this kernel, once.
    void observe(const std::string& scenario, const std::string& text);

  private:
    struct gathered {
        report::cycle_sample cycle;
        std::string mounts;
        std::vector<double> cpu_ms, sync_ms, death_ms;
        std::uint64_t generations = 0, load_ns = 0;
    };
    void take_sample(const sample_told& s);
    void take_load(const load_told& l);

    kernel_image image_;
    std::string release_;
    policy_told policy_{"unknown: never said", "unknown", {}};
    int hz_ = 0, boots_ = 0;
    bool violated_ = false;
    double cpu_s_ = 0.0;
    std::optional<guest::causes> measured_;
    std::string last_scenario_;
    std::map<std::string, gathered> scenarios_;
    std::vector<round_trace> traces_;
    std::vector<std::string> warnings_;
};

}  // namespace drainlab::lab
