// The same with synchronize_rcu(): what rcu_normal makes of it, and PREEMPT_RT by default.
#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

task<> normal_policy::finish(unmount_batch& batch) const {
    co_await wait_for_grace_period(batch, false);
    co_await put_unmounted(batch);
}

}  // namespace drainlab::kernel
