#include "fusefs/kernel/namespace/world.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/umount.hpp"
#include "fusefs/kernel/namespace/walk.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

namespace {

struct no_files final : address_space_operations {
    task<int> writepages(inode&, writeback_control&) override { co_return 0; }
};

/// A root, and one filesystem mounted on "a".
struct stage {
    mnt_namespace& ns;
    std::shared_ptr<super_block> sb;
};

task<stage> set_stage(mount_table& t) {
    auto root = empty_super(t.h, "root");
    mnt_namespace& ns = make_mnt_namespace(t, "init", root);
    auto sb = empty_super(t.h, "a");
    const int mounted = co_await sys_mount(t, ns, "a", sb);
    DRAINLAB_CHECK(mounted == 0);
    co_return stage{ns, sb};
}

/// Runs tasks beside each other, each on a CPU of its own from 1 on, and waits for all.
class crew {
  public:
    explicit crew(mount_table& t) : t_{t} {}
    void add(std::string name, task<> body) {
        ++left_;
        t_.h.sched.spawn(std::move(name), member(std::move(body)), sched::fiber_kind::thread, ++cpu_);
    }
    task<> all_done() {
        while (left_ > 0) co_await t_.h.sched.wait_on(&left_, "the tasks of the world");
        co_await settle_mounts(t_);
    }

  private:
    task<> member(task<> body) {
        co_await body;
        if (--left_ == 0) t_.h.sched.wake_all(&left_);
    }
    mount_table& t_;
    int left_{}, cpu_{};
};

task<> umounter(mount_table& t, mnt_namespace& ns, unsigned flags) {
    const int result = co_await sys_umount(t, ns, "a", flags);
    DRAINLAB_CHECK(result == 0 || !(flags & MNT_DETACH));  // a lazy umount always succeeds
}

task<> walker(mount_table& t, mnt_namespace& ns) {
    path file = co_await sys_open(t, ns, "a/f");
    co_await touch(file);
    co_await sys_close(t, std::move(file));
}

task<> closer(mount_table& t, path file) { co_await sys_close(t, std::move(file)); }

/// dup(), on to another CPU, close() of the first, and later of the second.
task<> duper(mount_table& t, path file) {
    mntget(*file.mnt);
    ++file.mnt->holders;
    path second = file;
    t.h.sched.current()->cpu = 3;
    co_await sys_close(t, std::move(file));
    co_await touch(second);
    co_await sys_close(t, std::move(second));
}

task<> walk_against(mount_table& t, unsigned flags) {
    const stage on = co_await set_stage(t);
    crew all{t};
    all.add("walk", walker(t, on.ns));
    all.add("umount", umounter(t, on.ns, flags));
    co_await all.all_done();
}

task<> close_against(mount_table& t, unsigned flags) {
    const stage on = co_await set_stage(t);
    path file = co_await sys_open(t, on.ns, "a/f");
    crew all{t};
    all.add("close", closer(t, std::move(file)));
    all.add("umount", umounter(t, on.ns, flags));
    co_await all.all_done();
}

task<> walk_normal(mount_table& t) { return walk_against(t, 0); }
task<> walk_lazy(mount_table& t) { return walk_against(t, MNT_DETACH); }
task<> close_normal(mount_table& t) { return close_against(t, 0); }
task<> close_lazy(mount_table& t) { return close_against(t, MNT_DETACH); }

task<> dup_normal(mount_table& t) {
    const stage on = co_await set_stage(t);
    path file = co_await sys_open(t, on.ns, "a/f");
    t.h.sched.current()->cpu = 0;
    crew all{t};
    all.add("dup and close", duper(t, std::move(file)));
    all.add("umount", umounter(t, on.ns, 0));
    co_await all.all_done();
}

task<> held_lazy(mount_table& t) {
    const stage on = co_await set_stage(t);
    path file = co_await sys_open(t, on.ns, "a/f");
    co_await umounter(t, on.ns, MNT_DETACH);
    co_await touch(file);
    co_await sys_close(t, std::move(file));
    if (on.sb->state != sb_state::dead && t.policy->lazy_is_synchronous())
        t.h.violated("close_not_synchronous",
                     "the last close of " + on.sb->s_id + " returned while its superblock is alive", {}, on.sb.get());
    co_await settle_mounts(t);
}

task<> alone(mount_table& t, unsigned flags) {
    const stage on = co_await set_stage(t);
    co_await umounter(t, on.ns, flags);
    co_await settle_mounts(t);
}
task<> alone_normal(mount_table& t) { return alone(t, 0); }
task<> alone_lazy(mount_table& t) { return alone(t, MNT_DETACH); }

}  // namespace

std::shared_ptr<super_block> empty_super(host& h, std::string name, backing_dev_info* bdi) {
    static no_files ops;
    return sget(h, std::move(name), ops, *find_drain_policy("persb"), bdi);
}

const std::vector<namespace_world>& namespace_worlds() {
    static const std::vector<namespace_world> all{
        {"alone", "umount of a mount that nobody uses", alone_normal},
        {"alone_lazy", "umount -l of a mount that nobody uses", alone_lazy},
        {"walk", "a path walk against umount", walk_normal},
        {"walk_lazy", "a path walk against umount -l", walk_lazy},
        {"close", "the close of an open file against umount", close_normal},
        {"close_lazy", "the close of an open file against umount -l", close_lazy},
        {"dup", "dup, another CPU, close, against umount", dup_normal},
        {"held_lazy", "umount -l while a file is open; the last close comes later", held_lazy},
    };
    return all;
}

const namespace_world* find_namespace_world(std::string_view name) {
    for (const auto& world : namespace_worlds())
        if (world.name == name) return &world;
    return nullptr;
}

}  // namespace drainlab::kernel
