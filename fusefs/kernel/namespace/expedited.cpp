// Mainline: namespace_unlock() waits for an expedited grace period before it drops the references, so that no walk
// without references is left, and no put that saw the mount in its namespace is still to come.
#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

task<> expedited_policy::finish(unmount_batch& batch) const {
    co_await wait_for_grace_period(batch, true);
    co_await put_unmounted(batch);
}

}  // namespace drainlab::kernel
