#include "fusefs/os/mount_identity.hpp"

#include "fusefs/os/unique_fd.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sched.h>
#include <unistd.h>

using namespace drainlab::os;

namespace {

/// Runs `body` in a child that is root in namespaces of its own; only warns where this machine does not allow that.
void in_namespaces(const std::function<void(const std::string& dir)>& body) {
    const drainlab::tests::own_folder own;
    const std::string& dir = own.dir;
    const pid_t child = fork();
    if (child == 0) {
        const uid_t uid = geteuid();
        const gid_t gid = getegid();
        if (unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(77);
        if (uid != 0) {
            std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
            std::ofstream("/proc/self/setgroups") << "deny";
            std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
        }
        if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(77);
        if (mount("t", dir.c_str(), "tmpfs", 0, "size=64k") != 0) _exit(77);
        try {
            body(dir);
        } catch (const std::exception& e) {
            fprintf(stderr, "%s\n", e.what());
            _exit(1);
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    rmdir(dir.c_str());
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        WARN("no mount namespace of our own here");
        return;
    }
    CHECK(status == 0);
}

void expect(bool fine, const char* what) {
    if (!fine) throw std::runtime_error(what);
}

std::string directory(const std::string& path) {
    expect(mkdir(path.c_str(), 0700) == 0, "mkdir");
    return path;
}

void mount_tmpfs(const std::string& on) { expect(mount("t", on.c_str(), "tmpfs", 0, "size=64k") == 0, "mount"); }

}  // namespace

TEST_CASE("mounts have identities", "[mount_identity]") {
    const auto proc = identify_mount(AT_FDCWD, "/proc"), root = identify_mount(AT_FDCWD, "/");
    REQUIRE(proc);
    CHECK(mounted_devices().contains(proc.dev));
    CHECK(is_same(proc, proc));
    CHECK_FALSE(is_same(proc, root));
    CHECK(proc.ns == mount_namespace_of());
    CHECK_FALSE(identify_mount(AT_FDCWD, "/no/such/dir"));
    const auto table = read_mountinfo();
    REQUIRE(find_mount(table, proc));
    CHECK(find_mount(table, proc)->dir == "/proc");
    CHECK(is_same(identify_line(*find_mount(table, proc)).value(), proc));
    if (proc.id == 0) return;  // before Linux 6.8
    CHECK(is_still_mounted(proc.id));
    CHECK_FALSE(is_still_mounted(proc.id + 1'000'000'000));
}

TEST_CASE("an unknown device is nobody's", "[mount_identity]") {
    const mount_identity nothing{}, half{0, 0, 42, 1};
    CHECK_FALSE(is_same(nothing, nothing));
    CHECK_FALSE(is_same(half, half));
    CHECK_FALSE(find_mount(read_mountinfo(), nothing));
    CHECK_FALSE(find_mount(read_mountinfo(), half));
}

TEST_CASE("a mount in another namespace is another one", "[mount_identity]") {
    auto proc = identify_mount(AT_FDCWD, "/proc");
    ++proc.ns;
    CHECK_FALSE(find_mount(read_mountinfo(), proc));
}

TEST_CASE("the next mount on the same place is another one, whatever numbers it gets", "[mount_identity]") {
    in_namespaces([](const std::string& dir) {
        const auto d = directory(dir + "/d");
        mount_tmpfs(d);
        const auto first = identify_mount(AT_FDCWD, d.c_str());
        for (int i = 0; i < 20; ++i) {
            expect(umount2(d.c_str(), MNT_DETACH) == 0, "umount");
            expect(first.id == 0 || !find_mount(read_mountinfo(), first), "found though it has gone");
            mount_tmpfs(d);
            expect(first.id == 0 || !find_mount(read_mountinfo(), first), "taken for the next one");
            expect(first.id == 0 || !is_same(first, identify_mount(AT_FDCWD, d.c_str())), "same as the next one");
        }
    });
}

TEST_CASE("a mount is found where it was moved, renamed, covered and hidden", "[mount_identity]") {
    in_namespaces([](const std::string& dir) {
        directory(dir + "/a");
        const auto m = directory(dir + "/a/m"), other = directory(dir + "/other");
        mount_tmpfs(m);
        const auto who = identify_mount(AT_FDCWD, m.c_str());
        auto older = who;  // as a kernel before 6.8 would know it
        older.id = 0;
        const auto now = [&] {
            auto line = find_mount(read_mountinfo(), who).value();
            expect(who.id == 0 || mount_point_of(who) == line.dir, "its mount point by itself");
            return line;
        };
        const auto table = [] { return read_mountinfo(); };
        expect(now().dir == m && !covering(table(), now()), "where it was made");
        expect(mount_point_of(older) == m, "the table says so, too");
        expect(rename((dir + "/a").c_str(), (dir + "/b").c_str()) == 0, "rename");
        expect(now().dir == dir + "/b/m" && !covering(table(), now()), "its parent was renamed");
        expect(is_same(identify_line(now()).value(), who), "the line is it");
        expect(mount(now().dir.c_str(), other.c_str(), nullptr, MS_MOVE, nullptr) == 0, "move");
        expect(now().dir == other, "it was moved");
        mount_tmpfs(other);
        expect(now().dir == other && covering(table(), now())->id != now().id, "it is covered");
        expect(is_same(identify_line(now()).value(), who), "the covered line is it");
        expect(!is_same(identify_mount(AT_FDCWD, other.c_str()), who), "the path leads to what covers it");
        expect(umount2(other.c_str(), 0) == 0, "uncover");
        expect(!covering(table(), now()), "it is uncovered");
        mount_tmpfs(dir);
        expect(covering(table(), now())->dir == dir, "it is hidden");
        expect(umount2(dir.c_str(), 0) == 0 && umount2(other.c_str(), 0) == 0, "unmount");
        expect(!mount_point_of(who) && !mount_point_of(older) && !mount_point_of({}), "it is nowhere");
    });
}

TEST_CASE("a mount that answers, or is none of FUSE, is not dead", "[mount_identity]") {
    const auto table = read_mountinfo();
    const auto proc = find_mount(table, identify_mount(AT_FDCWD, "/proc")).value();
    CHECK_FALSE(connection_is_dead(proc));
    auto wrong = proc;
    wrong.id += 1000;
    CHECK_FALSE(connection_is_dead(wrong));
}

TEST_CASE("the type of a file system is told without its mount's line", "[mount_identity]") {
    const auto type_at = [](const char* path) -> std::string {
        const unique_fd dir{open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)};
        const auto below = mount_at_fd(dir.get());
        return below ? below->type : "unknown";
    };
    if (type_at("/proc") == "unknown") {
        WARN("this kernel has no statmount(2)");
        return;
    }
    CHECK(type_at("/proc") == "proc");
    in_namespaces([&](const std::string& dir) {
        expect(type_at(dir.c_str()) == "tmpfs", "a tmpfs");
        const int device = open("/dev/fuse", O_RDWR);  // nobody serves it: nobody may be asked
        if (device < 0) return;
        const auto options = "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0";
        expect(mount("x", dir.c_str(), "fuse.some", MS_NOSUID | MS_NODEV, options.c_str()) == 0, "a FUSE mount");
        expect(type_at(dir.c_str()).empty(), "a type with a subtype is left to the table");
        umount2(dir.c_str(), MNT_DETACH);
    });
    CHECK_FALSE(mount_at_fd(-1));
}
