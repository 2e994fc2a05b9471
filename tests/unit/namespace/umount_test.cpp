// umount2(2) as users know it: flags, errors, who pays for the shutdown.
#include "fusefs/kernel/namespace/umount.hpp"

#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/kernel/namespace/empty_super.hpp"
#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/walk.hpp"
#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/sched/simulated.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace drainlab::kernel;
using drainlab::sched::simulated_scheduler;

namespace {

struct fixture {
    simulated_scheduler s{{.seed = 3, .preempt_one_in = 0, .shuffle = false}};
    profile p{};
    machine_real cpus{s, p};
    rcu_untimed rcu{s};
    host h{s, cpus, rcu, p};
    mount_table t{h, *find_namespace_policy("expedited"), 4};
    mnt_namespace& ns{make_mnt_namespace(t, "init", empty_super(h, "root"))};

    ~fixture() { s.drop_all(); }

    template <class T>
    T run(task<T> body) {
        std::optional<T> result;
        const auto outer = [](task<T> b, std::optional<T>& r) -> task<> { r = co_await b; };
        s.spawn("test", outer(std::move(body), result));
        REQUIRE(s.run() == drainlab::sched::run_outcome::finished);
        return std::move(*result);
    }
    std::shared_ptr<super_block> mount_at(const std::string& where, unsigned flags = 0) {
        auto sb = empty_super(h, where);
        REQUIRE(run(sys_mount(t, ns, where, sb, flags)) == 0);
        return sb;
    }
    int umount(const std::string& where, unsigned flags = 0, umount_caller caller = {}) {
        return run(sys_umount(t, ns, where, flags, caller));
    }
    path open(const std::string& name) { return run(sys_open(t, ns, name)); }
    void close(path f) { run(sys_close(t, std::move(f))); }
    bool dead(const std::shared_ptr<super_block>& sb) { return sb->state == sb_state::dead; }
};

}  // namespace

TEST_CASE_METHOD(fixture, "umount of an idle mount shuts its superblock down before it returns", "[namespace]") {
    for (const unsigned flags : {0u, MNT_DETACH, MNT_FORCE, UMOUNT_NOFOLLOW}) {
        const auto sb = mount_at("a");
        CHECK(umount("a", flags) == 0);
        CHECK(dead(sb));
    }
    CHECK(t.stats.put_task_work == 4);
    CHECK(h.violations.empty());
}

TEST_CASE_METHOD(fixture, "an open file makes umount busy, not a lazy one", "[namespace]") {
    const auto sb = mount_at("a");
    path file = open("a/f");
    CHECK(umount("a") == -EBUSY);
    CHECK(umount("a", MNT_FORCE) == -EBUSY);
    CHECK_FALSE(dead(sb));
    CHECK(umount("a", MNT_DETACH) == 0);
    CHECK_FALSE(dead(sb));
    CHECK(t.observations.empty());  // held: that is what lazy means

    SECTION("its name is free for another mount meanwhile") {
        const auto other = mount_at("a");
        CHECK(umount("a") == 0);
        CHECK(dead(other));
        CHECK_FALSE(dead(sb));
        close(std::move(file));
    }
    SECTION("the last close pays for the shutdown") {
        close(std::move(file));  // NOLINT(bugprone-use-after-move): one section at a time
    }
    CHECK(dead(sb));
    CHECK(h.violations.empty());
}

TEST_CASE_METHOD(fixture, "MNT_FORCE tells the filesystem, then goes on as usual", "[namespace]") {
    std::string told;
    t.umount_begin = [&](super_block& sb) { told = sb.s_id; };
    const auto sb = mount_at("a");
    path file = open("a");
    CHECK(umount("a", MNT_FORCE) == -EBUSY);
    CHECK(told == "a");
    close(std::move(file));
    CHECK(umount("a", MNT_FORCE, {.cap_sys_admin_sb = false}) == -EPERM);
    CHECK_FALSE(dead(sb));
}

TEST_CASE_METHOD(fixture, "MNT_EXPIRE unmounts what stayed unused between two calls", "[namespace]") {
    const auto sb = mount_at("a");
    CHECK(umount("a", MNT_EXPIRE | MNT_DETACH) == -EINVAL);
    CHECK(umount("a", MNT_EXPIRE) == -EAGAIN);
    SECTION("unused") { CHECK(umount("a", MNT_EXPIRE) == 0); }
    SECTION("used in between") {
        close(open("a/f"));
        CHECK(umount("a", MNT_EXPIRE) == -EAGAIN);
        CHECK(umount("a", MNT_EXPIRE) == 0);
    }
    SECTION("in use") {
        path file = open("a/f");
        CHECK(umount("a", MNT_EXPIRE) == -EBUSY);
        close(std::move(file));
        CHECK(umount("a") == 0);
    }
    CHECK(dead(sb));
}

TEST_CASE_METHOD(fixture, "what cannot be unmounted", "[namespace]") {
    const auto sb = mount_at("a");
    CHECK(umount("a", 16) == -EINVAL);
    CHECK(umount("a/below") == -EINVAL);
    CHECK(umount("a", 0, {.cap_sys_admin = false}) == -EPERM);
    const auto locked = mount_at("b", MNT_LOCKED);
    CHECK(umount("b") == -EINVAL);
    CHECK(umount("") == 0);  // the root: only made read-only
    CHECK(ns.root != nullptr);
    CHECK_FALSE(dead(sb));
    CHECK_FALSE(dead(locked));
}

TEST_CASE_METHOD(fixture, "a nested mount makes umount busy; a lazy one takes the tree", "[namespace]") {
    const auto outer = mount_at("a");
    const auto inner = mount_at("a/b");
    path file = open("a/b/f");
    CHECK(umount("a") == -EBUSY);
    CHECK(umount("a", MNT_DETACH) == 0);
    CHECK(dead(outer));
    CHECK_FALSE(dead(inner));
    close(std::move(file));
    CHECK(dead(inner));
    CHECK(ns.nr_mounts == 1);
}

TEST_CASE_METHOD(fixture, "a locked mount stays with its parent and dies with it", "[namespace]") {
    const auto outer = mount_at("a");
    const auto locked = mount_at("a/b", MNT_LOCKED);
    path file = open("a/f");
    CHECK(umount("a", MNT_DETACH) == 0);
    CHECK_FALSE(dead(outer));
    CHECK_FALSE(dead(locked));
    close(std::move(file));
    CHECK(dead(outer));
    CHECK(dead(locked));
    CHECK(h.violations.empty());
}

TEST_CASE_METHOD(fixture, "bind mounts and other namespaces keep the superblock, not the name", "[namespace]") {
    const auto sb = mount_at("a");
    SECTION("bind") {
        REQUIRE(run(sys_bind(t, ns, "a", "b")) == 0);
        CHECK(umount("a") == 0);
        CHECK_FALSE(dead(sb));
        CHECK(umount("b") == 0);
    }
    SECTION("namespace") {
        mnt_namespace* const copy = run(copy_mnt_ns(t, ns, "copy"));
        CHECK(umount("a") == 0);
        CHECK_FALSE(dead(sb));
        CHECK(run(put_mnt_ns(t, *copy)) == 0);
    }
    CHECK(dead(sb));
    CHECK(h.violations.empty());
    check_leaked_mounts(t);
    CHECK(h.violations.empty());
}

TEST_CASE_METHOD(fixture, "the last put ends in one of three ways", "[namespace]") {
    SECTION("a kernel thread leaves it to the delayed work") {
        const auto sb = mount_at("a");
        path file = open("a/f");
        CHECK(umount("a", MNT_DETACH) == 0);
        const auto thread = [](path f) -> task<int> {
            co_await path_put(std::move(f));
            co_return 0;
        };
        const auto quiet = [](mount_table& table) -> task<int> {
            co_await settle_mounts(table);
            co_return 0;
        };
        run(thread(std::move(file)));
        CHECK_FALSE(dead(sb));
        CHECK(t.stats.put_delayed == 1);
        run(quiet(t));
        CHECK(dead(sb));
    }
    SECTION("an internal mount is cleaned up at once") {
        const auto sb = empty_super(h, "pipefs");
        mount& m = kern_mount(t, sb);
        const auto thread = [](mount_table& table, mount& internal) -> task<int> {
            co_await kern_unmount(table, internal);
            co_return 0;
        };
        run(thread(t, m));
        CHECK(dead(sb));
        CHECK(t.stats.put_direct == 1);
    }
}

TEST_CASE_METHOD(fixture, "completion makes every walk write twice per mount, the others never", "[namespace]") {
    mount_at("a");
    close(open("a/f"));
    CHECK(t.stats.walk_writes == 0);
    const auto crossed = t.stats.mounts_crossed;
    t.policy = find_namespace_policy("completion");
    close(open("a/f"));
    CHECK(t.stats.mounts_crossed == crossed + 2);
    CHECK(t.stats.walk_writes == 4);
    CHECK(umount("a") == 0);
    CHECK(t.stats.grace_periods == 0);
}

TEST_CASE_METHOD(fixture, "on_demand spends a grace period only on what is held", "[namespace]") {
    t.policy = find_namespace_policy("on_demand");
    mount_at("a");
    CHECK(umount("a") == 0);
    CHECK(t.stats.grace_periods == 0);
    mount_at("a");
    mount_at("a/b");
    path file = open("a/b/f");
    CHECK(umount("a", MNT_DETACH) == 0);
    CHECK(t.stats.grace_periods == 1);
    CHECK(t.stats.without_gp == 2);
    close(std::move(file));
    CHECK(h.violations.empty());
}
