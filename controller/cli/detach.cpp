// drainctl detach DIR
#include "controller/cli/umount_run.hpp"

namespace drainlab::cli {

void declare_detach(command& c) {
    auto o = std::make_shared<umount_options>();
    o->lazy = true;
    c.about("lazy unmount: the name goes at once, the superblock with its last holder",
            "drainctl detach /mnt/a --wait --timeout 10s");
    declare_umount_options(c, *o);
    c.note("With --wait it tells on standard error who still holds the superblock.");
    c.run([o] { return run_umount(*o); });
}

}  // namespace drainlab::cli
