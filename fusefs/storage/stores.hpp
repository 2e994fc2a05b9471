// What all stores of one daemon share.
#pragma once
#include "fusefs/kernel/page_counts.hpp"
#include "fusefs/kernel/types.hpp"
#include "fusefs/storage/private_memory.hpp"
#include "fusefs/storage/store_agent.hpp"
#include "fusefs/storage/store_claims.hpp"

#include <map>
#include <optional>

namespace drainlab::storage {

/// How much room a filesystem of stores has, as last seen, and how much of it is promised:
/// bytes that mounts hold and have not written. Shared by the mounts whose stores lie on it.
struct store_space {
    std::uint64_t free_bytes{};
    std::optional<sched::instant> seen;
    kernel::page_counts pages;  ///< of all these mounts

    std::uint64_t promised_bytes() const noexcept { return pages.unwritten() * kernel::page_size + claimed_; }
    /// What was promised when it was seen, or since: what has been
    /// written meanwhile has made the room smaller than was seen.
    std::uint64_t taken_bytes() const noexcept { return ever_promised() - taken_from_; }
    /// Before the store is asked; several may be asking at once.
    std::uint64_t about_to_look() const noexcept { return ever_promised() - promised_bytes(); }
    void looked(std::uint64_t before, std::uint64_t free, sched::instant now) noexcept {
        taken_from_ = before;
        free_bytes = free;
        seen = now;
    }

    /// Room that a call on the store is about to take: nobody else is promised it meanwhile.
    class claim {
      public:
        claim(std::shared_ptr<store_space> of, std::uint64_t bytes) : of_{std::move(of)}, bytes_{bytes} {
            of_->claimed_ += bytes;
            of_->ever_claimed_ += bytes;
        }
        ~claim() { of_->claimed_ -= bytes_; }
        claim(const claim&) = delete;
        claim& operator=(const claim&) = delete;

      private:
        std::shared_ptr<store_space> of_;
        std::uint64_t bytes_;
    };

  private:
    /// Counts up only.
    std::uint64_t ever_promised() const noexcept { return pages.dirtied() * kernel::page_size + ever_claimed_; }
    std::uint64_t taken_from_{}, claimed_{}, ever_claimed_{};
};

/// Outlives every filesystem made with it. Thread: loop.
class stores {
  public:
    explicit stores(sched::scheduler& sched) : sched{sched} {}
    ~stores() { finished->close(); }
    stores(const stores&) = delete;
    stores& operator=(const stores&) = delete;

    /// Readable when calls on stores have come back: then run_finished().
    int finished_fd() const noexcept { return finished->fd(); }
    void run_finished() { finished->run(); }
    std::shared_ptr<store_space> space_of(dev_t dev);

    sched::scheduler& sched;
    const std::shared_ptr<finished_calls> finished{std::make_shared<finished_calls>()};
    store_claims claims;
    private_memory memory;
    /// Of the process's own table: for the stores in memory.
    const std::shared_ptr<descriptor_budget> budget{
        std::make_shared<descriptor_budget>(descriptor_budget::of_limit(0))};

  private:
    std::map<dev_t, std::weak_ptr<store_space>> spaces_;
};

}  // namespace drainlab::storage
