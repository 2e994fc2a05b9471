// Where events go: a ring of the latest, and whoever listens.
#pragma once
#include "fusefs/trace/event.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

namespace drainlab::trace {

/// Thread: the loop's. Listeners are called in order of arrival, from within emit(); they must not block.
class hub {
  public:
    using listener = std::function<void(const event&)>;

    /// Ends the listening when it goes. May outlive the hub.
    class subscription {
      public:
        subscription() = default;
        subscription(subscription&& o) noexcept : hub_{std::move(o.hub_)}, id_{o.id_} {}
        subscription& operator=(subscription&& o) noexcept;
        ~subscription() { cancel(); }
        void cancel();

      private:
        friend class hub;
        subscription(std::weak_ptr<hub*> h, std::uint64_t id) : hub_{std::move(h)}, id_{id} {}
        std::weak_ptr<hub*> hub_;
        std::uint64_t id_{};
    };

    explicit hub(std::size_t ring = 1024) : ring_limit_{ring} {}
    hub(const hub&) = delete;
    hub& operator=(const hub&) = delete;

    /// Numbers the event, stamps it unless it has a time, keeps it and tells everybody.
    void emit(event e);
    [[nodiscard]] subscription subscribe(listener l);
    std::size_t listeners() const noexcept { return listeners_.size(); }
    const std::deque<event>& latest() const noexcept { return ring_; }
    std::uint64_t emitted() const noexcept { return last_number_; }

  private:
    std::size_t ring_limit_;
    std::deque<event> ring_;
    std::map<std::uint64_t, std::shared_ptr<listener>> listeners_;
    std::uint64_t last_number_{}, last_id_{};
    std::shared_ptr<hub*> self_{std::make_shared<hub*>(this)};
};

}  // namespace drainlab::trace
