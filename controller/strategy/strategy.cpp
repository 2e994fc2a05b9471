#include "controller/strategy/strategy.hpp"

#include <array>
#include <cerrno>

namespace drainlab::strategy {

namespace {

constexpr std::array<std::string_view, 4> names{"sync", "lazy", "retry", "async-pool"};

attempt once(target& t, bool lazily) {
    attempt a;
    a.error = t.unmount(lazily);
    a.tries = 1;
    return a;
}

attempt with_retries(const recipe& r, target& t) {
    attempt a = once(t, false);
    while (a.error == EBUSY && a.tries < r.pauses.tries) {
        t.pause(pause_after(r.pauses, a.tries));
        a.error = t.unmount(false);
        ++a.tries;
    }
    if (a.error != EBUSY || r.then == last_resort::fail) return a;
    a.error = t.unmount(true);
    ++a.tries;
    a.fell_back = true;
    return a;
}

}  // namespace

std::vector<std::string> kind_names() { return {names.begin(), names.end()}; }

std::string_view name_of(kind k) { return names[static_cast<std::size_t>(k)]; }

std::optional<kind> kind_named(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<kind>(i);
    return std::nullopt;
}

attempt unmount_by(kind k, const recipe& r, target& t) {
    switch (k) {
        case kind::sync: return once(t, false);
        case kind::lazy: return once(t, true);
        case kind::retry:
        case kind::async_pool: return with_retries(r, t);
    }
    return {};
}

}  // namespace drainlab::strategy
