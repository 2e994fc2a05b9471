#include "fusefs/kernel/namespace/empty_super.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/modelled_fs.hpp"

namespace drainlab::kernel {

std::shared_ptr<super_block> empty_super(host& h, std::string name, backing_dev_info* bdi) {
    static modelled_fs no_files;
    return sget(h, std::move(name), no_files, *find_drain_policy("persb"), bdi);
}

}  // namespace drainlab::kernel
