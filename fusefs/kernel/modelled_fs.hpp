// A filesystem without bytes: what worlds of the model write back to.
#pragma once
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

/// Where its pages go: takes time, or fails.
struct modelled_device {
    virtual ~modelled_device() = default;
    /// Returns when it has `bytes` more: 0 or a negative errno.
    virtual task<int> write(std::size_t bytes) = 0;
};

/// writepages() as any filesystem does it, a request of adjacent or
/// other dirty folios at a time. Without a device each is done at once.
class modelled_fs : public address_space_operations {
  public:
    /// drop: a folio goes once it is written, so that the next writer is charged anew.
    enum class written : std::uint8_t { keep, drop };
    explicit modelled_fs(written then = written::keep, modelled_device* device = nullptr, std::size_t folios = 1)
        : then{then}, device_{device}, folios_a_request_{folios} {}
    task<int> writepages(inode& i, writeback_control& wbc) override;

    written then;

  private:
    modelled_device* device_;
    std::size_t folios_a_request_;
};

}  // namespace drainlab::kernel
