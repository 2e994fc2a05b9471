#include "fusefs/gate/thread_place.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <unistd.h>

using namespace drainlab::gate;

TEST_CASE("functions that wait for s_umount are known by their names, and no others", "[gate]") {
    for (const char* name : {"super_lock", "super_lock.constprop.0", "user_get_super", "rwsem_down_read_slowpath",
                             "rwsem_down_write_slowpath", "down_read", "iterate_supers", "thaw_super.part.0"})
        CHECK(place_named(name) == thread_place::s_umount);
    for (const char* name : {"deactivate_super", "deactivate_super.part.0"})
        CHECK(place_named(name) == thread_place::deactivate_super);
    CHECK(place_named("request_wait_answer") == thread_place::answer);
    CHECK(place_named("poll_schedule_timeout.constprop.0") == thread_place::elsewhere);
    CHECK(place_named("synchronize_rcu_expedited") == thread_place::elsewhere);
    for (const char* name :
         {"jbd2_write_superblock", "ext4_commit_super", "super_cache_scan", "super_written", "md_super_wait",
          "generic_shutdown_super", "down_read_of_mine", "my_rwsem", "hfs_fuse_", "superior"})
        CHECK(place_named(name) == thread_place::elsewhere);
    CHECK(place_named("0") == thread_place::nowhere);
    CHECK(place_named("") == thread_place::nowhere);
}

TEST_CASE("a thread is watched until it has ended", "[gate]") {
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    std::atomic<pid_t> tid{0};
    std::thread waiting{[&] {
        tid = gettid();
        char byte;
        (void)!read(pipe_ends[0], &byte, 1);
    }};
    while (tid == 0) std::this_thread::yield();
    thread_watch watch{tid};
    auto place = thread_place::s_umount;
    CHECK(watch.look(place));
    CHECK(place != thread_place::s_umount);
    const thread_watch moved{std::move(watch)};
    REQUIRE(write(pipe_ends[1], "x", 1) == 1);
    waiting.join();
    CHECK_FALSE(watch.look(place));                       // NOLINT(bugprone-use-after-move): that is the point
    while (moved.look(place)) std::this_thread::yield();  // joined is not yet ended, for the kernel
    for (const int fd : pipe_ends) close(fd);
}
