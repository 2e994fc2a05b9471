// What a modelled machine traces, and who runs on its CPUs, as events of a result.
#pragma once
#include "controller/result/result.hpp"
#include "controller/sim/world.hpp"

namespace drainlab::sim {

/// Listens to a world from its making on; must not outlive it. Thread: the world's.
class recorder {
  public:
    explicit recorder(world& of);
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;
    ~recorder();
    /// Something that the model does not trace by itself.
    void note(const char* name, const std::string& mount);
    /// Hands over what was recorded since the last time, in order of time.
    std::vector<report::traced_event> take();

  private:
    void add(std::string_view name, std::string_view mount, std::vector<std::pair<std::string, std::int64_t>> values);
    void turn(int cpu, const sched::fiber& who, sched::instant from, sched::instant to);

    world& world_;
    std::vector<report::traced_event> events_;
    std::vector<std::size_t> last_turn_;  ///< by CPU: one behind its place in events_; 0: none
};

}  // namespace drainlab::sim
