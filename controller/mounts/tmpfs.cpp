#include "controller/mounts/mountable.hpp"

#include <sys/mount.h>

#include <cerrno>

namespace drainlab::mounts {

namespace {

class tmpfs final : public mountable {
  public:
    std::string name() const override { return "tmpfs"; }
    client::result<made> mount(const std::string& dir, const std::string&) override {
        if (::mount("drainlab", dir.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700") == 0)
            return made{dir, {}, {}};
        auto why = client::system_failure("mount a tmpfs on " + dir, errno, client::exit_code::cannot_run);
        if (errno == EPERM) why.hint = "run as root, or in a user namespace: unshare -Urm";
        return why;
    }
    client::result<void> wait_dead(const made&, std::chrono::milliseconds) override { return client::success(); }
};

}  // namespace

std::unique_ptr<mountable> make_tmpfs() { return std::make_unique<tmpfs>(); }

}  // namespace drainlab::mounts
