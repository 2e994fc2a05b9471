// What processes and their threads refer to: descriptors, directories, programs.
#include "fusefs/os/processes.hpp"

#include "controller/machine/holders/survey.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <fmt/format.h>

#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <filesystem>
#include <unistd.h>

namespace drainlab::machine {

namespace fs = std::filesystem;

namespace {

constexpr unsigned file_type = 0170000, socket_type = 0140000;

/// Rings and namespaces lie on two filesystems of the kernel's own, whose devices we learn from
/// files of ours there. Asking only their links for their text halves the calls for processes
/// with thousands of open files. Where a device cannot be learnt, every anonymous one may be it.
bool may_be_ring_or_namespace(const place& p) {
    static const auto rings = [] {
        const os::unique_fd one{eventfd(0, EFD_CLOEXEC)};
        return place_of("/proc/self/fd/" + std::to_string(one.get()));
    }();
    static const auto namespaces = place_of("/proc/self/ns/mnt");
    const auto is_of = [&p](const std::optional<place>& known) { return !known || p.minor == known->minor; };
    return p.major == 0 && (is_of(rings) || is_of(namespaces));
}

/// Descriptors, once for each table of them.
class looking {
  public:
    explicit looking(survey& s) : s_(s) {}

    void at(const process& p) {
        directories(p, p.dir, {});
        if (const auto exe = place_of(p.dir + "/exe"); exe && s_.lies_on(*exe))
            s_.add(p, "exe", link_text(p.dir + "/exe"), s_.blocks(exe->mount, p.mntns));
        const bool main_table = descriptors(p, p.dir, {});
        for (const pid_t thread : os::threads_of(p.dir)) {
            if (thread == p.pid) continue;
            const std::string name = std::to_string(thread), dir = p.dir + "/task/" + name, which = "thread " + name;
            if (shares(p.pid, thread, 3) != true) directories(p, dir, which);
            if (!main_table || shares(p.pid, thread, 2) == false) descriptors(p, dir, which);
        }
    }

  private:
    /// Whether a thread shares its file table (2, KCMP_FILES) or its directories (3, KCMP_FS) with its process;
    /// nothing if we may not know.
    static std::optional<bool> shares(pid_t pid, pid_t thread, int what) {
        const long answer = syscall(SYS_kcmp, pid, thread, what, 0UL, 0UL);
        if (answer < 0) return std::nullopt;
        return answer == 0;
    }

    void directories(const process& p, const std::string& dir, const std::string& which) {
        for (const char* kind : {"cwd", "root"}) {
            const auto there = place_of(dir + "/" + kind);
            if (there && s_.lies_on(*there))
                s_.add(p, kind, link_text(dir + "/" + kind), s_.blocks(there->mount, p.mntns), which);
        }
    }

    /// False when there is no table to be seen: the thread has ended, or we may not look (which is counted once a
    /// process).
    bool descriptors(const process& p, const std::string& dir, const std::string& which) {
        std::error_code ec;
        fs::directory_iterator fds(dir + "/fd", ec);
        if (ec == std::errc::permission_denied || ec == std::errc::operation_not_permitted) {
            if (which.empty()) ++s_.found.unseen;
            return true;
        }
        bool any = false;
        for (; !ec && fds != fs::directory_iterator(); fds.increment(ec)) {
            any = true;
            descriptor(p, dir, fds->path().filename(), which);
        }
        return any;
    }

    void descriptor(const process& p, const std::string& dir, const std::string& number, const std::string& which) {
        const std::string link = dir + "/fd/" + number;
        const auto there = place_of(link);
        if (!there) return;
        if (s_.lies_on(*there)) {
            s_.add(p, "fd", link_text(link), s_.blocks(there->mount, p.mntns), which);
        } else if ((there->mode & file_type) == socket_type) {
            look_at_socket(s_, p, dir, number);
        } else if (may_be_ring_or_namespace(*there)) {
            const std::string text = link_text(link);
            if (text == "anon_inode:[io_uring]") look_at_ring(s_, p, dir, number);
            if (text.starts_with("mnt:[") && !s_.namespaces.contains(namespace_number(text)))
                s_.namespaces[namespace_number(text)] = {{}, 0, link};
        }
    }

    survey& s_;
};

}  // namespace

void find_in_processes(survey& s) {
    looking look(s);
    for (const auto& p : s.processes) look.at(p);
}

}  // namespace drainlab::machine
