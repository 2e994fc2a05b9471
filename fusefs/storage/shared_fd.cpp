#include "fusefs/storage/shared_fd.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace drainlab::storage {

std::size_t descriptor_budget::of_limit(std::size_t others) noexcept {
    rlimit limit{1024, 1024};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const auto all = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1u << 20));
    const std::size_t reserve = std::min<std::size_t>(256, all / 4);
    return all > reserve + others ? all - reserve - others : 1;
}

void descriptor_budget::remove(const cache& c) noexcept {
    std::erase_if(caches_, [&](const cache* one) { return one == &c; });
}

bool descriptor_budget::make_room(const cache* but) {
    cache* most = nullptr;
    for (cache* c : caches_)
        if (c != but && c->kept() > 0 && (!most || c->kept() > most->kept())) most = c;
    if (!most) return false;
    most->shrink(most->kept() / 2);
    return true;
}

bool descriptor_budget::take() {
    for (;;) {
        if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) return true;
        give();
        if (!make_room()) return false;
    }
}

shared_fd share(unique_fd fd, std::weak_ptr<fd_table> table, bool own_table,
                std::shared_ptr<descriptor_budget> budget) {
    const auto close_it = [table = std::move(table), own_table, budget = std::move(budget)](const unique_fd* held) {
        auto* const mine = const_cast<unique_fd*>(held);
        const int number = mine->release();
        delete mine;
        if (number < 0) return;
        if (!own_table)
            ::close(number);
        else if (const auto there = table.lock())  // else it went with its table
            there->close_there(number);
        if (budget) budget->give();
    };
    auto owned = std::make_unique<unique_fd>(std::move(fd));
    return shared_fd{owned.release(), close_it};
}

}  // namespace drainlab::storage
