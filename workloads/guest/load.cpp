#include "workloads/guest/load.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sched.h>
#include <unistd.h>

namespace drainlab::guest {
namespace {

std::string path_of(const std::string& cgroup) { return "/cg/" + cgroup; }

}  // namespace

int write_generation(const std::string& file, const load_shape& shape) {
    constexpr std::size_t block = 4096;
    const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_SYNC | O_CLOEXEC, 0644);
    if (fd < 0) return 1;
    const std::string data(block, 'b');
    for (int i = 0; i < shape.writes; ++i) {
        const auto at = static_cast<off_t>(i) * static_cast<off_t>(block);
        if (pwrite(fd, data.data(), block, at) != static_cast<ssize_t>(block)) return 2;
        if (shape.drop_pages) posix_fadvise(fd, at, block, POSIX_FADV_DONTNEED);
    }
    return close(fd) == 0 ? 0 : 3;
}

void make_cgroups(channel& out) {
    mkdir("/cg", 0755);
    if (mount("cgroup2", "/cg", "cgroup2", 0, nullptr) != 0)
        out.give_up(std::string("cgroup2: ") + std::strerror(errno));
    for (const auto* controller : {"+memory", "+io"})
        if (const int error = write_file("/cg/cgroup.subtree_control", controller))
            out.give_up(std::string("cgroup controller ") + (controller + 1) + ": " + std::strerror(error) +
                        " (the kernel needs CONFIG_MEMCG and CONFIG_BLK_CGROUP)");
}

bool make_cgroup(const std::string& name) { return mkdir(path_of(name).c_str(), 0755) == 0; }
bool enter_cgroup(const std::string& name) { return write_file(path_of(name) + "/cgroup.procs", "0") == 0; }
void remove_cgroup(const std::string& name) {
    while (rmdir(path_of(name).c_str()) != 0 && errno == EBUSY) sched_yield();
}

struct load::shared {
    std::atomic<bool> stop{false};
    std::atomic<std::int64_t> generations{0};
};

load::load(channel& out, load_shape shape) : out_(out), shape_(shape) {
    void* page = mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) out.give_up(std::string("mmap: ") + std::strerror(errno));
    shared_ = new (page) shared;
}

void load::burn(int slot, const std::string& dir) {
    for (int g = 0; !shared_->stop; ++g) {
        const auto cgroup = "burner" + std::to_string(slot) + "_" + std::to_string(getpid()) + "_" + std::to_string(g);
        if (!make_cgroup(cgroup)) out_.give_up("mkdir of a cgroup: " + std::string(std::strerror(errno)));
        const pid_t writer = fork();
        if (writer == 0) _exit(enter_cgroup(cgroup) ? write_generation(dir + "/burner", shape_) : 9);
        int status = 0;
        waitpid(writer, &status, 0);
        if (status != 0) out_.give_up("the load in " + dir + " ended with status " + std::to_string(status));
        remove_cgroup(cgroup);
        ++shared_->generations;
    }
}

void load::start(const std::string& dir) {
    shared_->stop = false;
    const pid_t burner = fork();
    if (burner == 0) {
        burn(static_cast<int>(burners_.size()), dir);
        _exit(0);
    }
    burners_.push_back(burner);
}

void load::stop() {
    shared_->stop = true;
    for (const pid_t burner : burners_) waitpid(burner, nullptr, 0);
    burners_.clear();
}

std::int64_t load::generations() const { return shared_->generations; }

}  // namespace drainlab::guest
