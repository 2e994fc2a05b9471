// A filesystem of the test: directories of one disk, bound to the mount point.
#pragma once
#include "controller/mounts/mountable.hpp"
#include "tests/own_folder.hpp"
#include "tests/unit/machine/own_namespace.hpp"

#include <sys/mount.h>

#include <cerrno>

namespace drainlab::churn::test {

/// Its bytes are in the store at once, and it is dead when its last holder is gone.
class bound : public mounts::mountable {
  public:
    std::string name() const override { return "bound"; }
    client::result<mounts::made> mount(const std::string& dir, const std::string& store) override {
        if (::mount(store.c_str(), dir.c_str(), nullptr, MS_BIND, nullptr) != 0)
            return client::system_failure("bind", errno, client::exit_code::cannot_run);
        return mounts::made{dir, {}, store};
    }
    client::result<void> wait_dead(const mounts::made&, std::chrono::milliseconds) override {
        return client::success();
    }
};

/// in_own_namespace(), with a disk of our own below the folder: of what is mounted outside of a user namespace nothing
/// can be unmounted by force inside.
inline int on_own_disk(const tests::own_folder& f, const std::function<int()>& body) {
    return drainlab::test::in_own_namespace([&] {
        return ::mount("disk", f.dir.c_str(), "tmpfs", 0, "mode=0700") == 0 ? body() : drainlab::test::cannot_mount;
    });
}

}  // namespace drainlab::churn::test
