// drainctl umount DIR
#include "controller/cli/umount_run.hpp"

namespace drainlab::cli {

void declare_umount(command& c) {
    auto o = std::make_shared<umount_options>();
    c.about("unmount and wait until the superblock is dead", "drainctl umount /mnt/a --retry 5s");
    declare_umount_options(c, *o);
    c.flag("--lazy,-l", o->lazy, "detach: take the name away at once, whoever uses it (same as `drainctl detach`)");
    c.flag("--force,-f", o->force, "MNT_FORCE: abort the connection; what is in flight fails");
    c.option("--retry", o->retry, "while it is busy, try again for so long");
    c.note("Busy: exit 16 and who holds it. Not dead within --timeout: exit 124 and the phase reached.");
    c.run([o]() -> result<exit_code> {
        if (o->lazy && o->force) return client::usage_error("umount: --lazy and --force exclude each other");
        return run_umount(*o);
    });
}

}  // namespace drainlab::cli
