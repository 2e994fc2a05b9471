#include "tests/bench/bare_mount.hpp"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <sys/mount.h>
#include <sys/stat.h>

#include <thread>

namespace drainlab::bench {

struct bare_mount::impl {
    fuse_session* session{};
    std::thread loop;
    std::string dir;
};

bare_mount::bare_mount(const std::string& dir) : impl_{std::make_unique<impl>()} {
    fuse_lowlevel_ops ops{};
    ops.getattr = [](fuse_req_t req, fuse_ino_t, fuse_file_info*) {
        struct stat st {};
        st.st_ino = FUSE_ROOT_ID;
        st.st_mode = S_IFDIR | 0755;
        st.st_nlink = 2;
        fuse_reply_attr(req, &st, 1.0);
    };
    char name[] = "bare";
    char* argv[] = {name, nullptr};
    fuse_args args = FUSE_ARGS_INIT(1, argv);
    fuse_session* const se = fuse_session_new(&args, &ops, sizeof ops, nullptr);
    if (!se) return;
    if (fuse_session_mount(se, dir.c_str()) != 0) {
        fuse_session_destroy(se);
        return;
    }
    impl_->session = se;
    impl_->dir = dir;
    impl_->loop = std::thread{[se] { fuse_session_loop(se); }};
}

bare_mount::~bare_mount() {
    if (!impl_->session) return;
    ::umount2(impl_->dir.c_str(), MNT_DETACH);  // as a rule it is not there any more
    impl_->loop.join();
    fuse_session_unmount(impl_->session);
    fuse_session_destroy(impl_->session);
}

bool bare_mount::mounted() const noexcept { return impl_->session != nullptr; }

}  // namespace drainlab::bench
