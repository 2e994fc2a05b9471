#include "controller/hold/take.hpp"

#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>

namespace drainlab::hold {

int failed(std::string& step, std::string what) {
    const int error = errno;
    step = std::move(what);
    errno = error;
    return error;
}

int take_by(traces& left, std::string& step, machine::result<machine::child> process) {
    if (!process) {
        step = process.error().message;
        return EAGAIN;
    }
    left.process = std::make_shared<machine::child>(std::move(process.value()));
    left.holder_child = left.process->pid();
    return 0;
}

std::string first_entry(const std::string& dir, unsigned char type) {
    DIR* const d = opendir(dir.c_str());
    if (!d) return {};
    std::string found;
    while (const dirent* e = readdir(d)) {
        if (e->d_name[0] == '.' || e->d_type != type) continue;
        found = dir + "/" + e->d_name;
        break;
    }
    closedir(d);
    return found;
}

os::unique_fd some_file(const std::string& dir, std::string& step) {
    constexpr off_t size = 64 * 1024;
    std::string name = dir + "/.drainlab-hold-XXXXXX";
    os::unique_fd made{mkostemp(name.data(), O_CLOEXEC)};
    if (made) {
        unlink(name.c_str());
        if (ftruncate(made.get(), size) == 0) return made;
        failed(step, "ftruncate in " + dir);
        return {};
    }
    const int error = errno;
    name = first_entry(dir, DT_REG);
    if (name.empty()) {
        errno = error;
        failed(step, "make a file in " + dir + " (and it has none to read)");
        return {};
    }
    os::unique_fd there{open(name.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!there) failed(step, "open " + name);
    return there;
}

}  // namespace drainlab::hold
