#include "fusefs/storage/stores.hpp"

namespace drainlab::storage {

std::shared_ptr<store_space> stores::space_of(dev_t dev) {
    std::erase_if(spaces_, [](const auto& one) { return one.second.expired(); });
    auto& slot = spaces_[dev];
    auto space = slot.lock();
    if (!space) slot = space = std::make_shared<store_space>();
    return space;
}

}  // namespace drainlab::storage
