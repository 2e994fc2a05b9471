// The least FUSE filesystem there is: libfuse, a root directory, nothing else.
#pragma once
#include <memory>
#include <string>

namespace drainlab::bench {

/// Mounted when made, on a thread of its own. The destructor takes away what is still mounted and waits for the thread.
class bare_mount {
  public:
    /// False by mounted() where it did not work.
    explicit bare_mount(const std::string& dir);
    ~bare_mount();
    bool mounted() const noexcept;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace drainlab::bench
