// The one guard around a program: whatever nobody has caught, in any thread, becomes a sentence on what is
// lacking and an exit code. Header only, of the standard library alone, so that every program can have it.
#pragma once
#include <sys/resource.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <unistd.h>

namespace drainlab::os {

inline constexpr int cannot_run_here = 4;
inline constexpr int failed_itself = 5;

/// What is lacking, and the exit code that fits. No allocation: there may be no memory left.
struct lack {
    int code{failed_itself};
    char text[320]{};
};

namespace detail {

inline const char* program_name = "drainlab";

inline lack plain(int code, const char* text) noexcept {
    lack l{code, {}};
    std::snprintf(l.text, sizeof l.text, "%s", text);
    return l;
}

inline lack limited(int resource, unsigned long long unit, const char* what, const char* word) noexcept {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
    lack l{cannot_run_here, {}};
    if (limit.rlim_cur == RLIM_INFINITY)
        std::snprintf(l.text, sizeof l.text, "%s", what);
    else
        std::snprintf(l.text, sizeof l.text, "%s: the limit is %llu%s", what,
                      static_cast<unsigned long long>(limit.rlim_cur) / unit, word);
    return l;
}

inline lack no_memory() noexcept { return limited(RLIMIT_AS, 1 << 20, "out of memory", " MiB (`ulimit -v`)"); }

/// By the text: errors come from several libraries, and all have the system's words in them.
inline lack of_text(const char* what) noexcept {
    if (std::strstr(what, std::strerror(EMFILE)) != nullptr)
        return limited(RLIMIT_NOFILE, 1, "out of file descriptors", " (`ulimit -n`)");
    if (std::strstr(what, std::strerror(ENFILE)) != nullptr)
        return plain(cannot_run_here, "this machine has no file descriptor left");
    if (std::strstr(what, std::strerror(ENOMEM)) != nullptr) return no_memory();
    if (std::strstr(what, std::strerror(EAGAIN)) != nullptr)
        return plain(cannot_run_here, "no thread or process can be started (`ulimit -u`, or pids.max of the cgroup)");
    return plain(failed_itself, what);
}

}  // namespace detail

inline lack lack_of(int error) noexcept { return detail::of_text(std::strerror(error)); }

/// In a handler of exceptions.
inline lack lack_of_exception() noexcept {
    try {
        throw;
    } catch (const std::bad_alloc&) { return detail::no_memory(); } catch (const std::exception& e) {
        return detail::of_text(e.what());
    } catch (...) { return detail::plain(failed_itself, "something was thrown that is no std::exception"); }
}

namespace detail {

inline int say(const lack& l) noexcept {
    char line[400];
    const int n = std::snprintf(line, sizeof line, "%s: %s\n", program_name, l.text);
    [[maybe_unused]] const auto written = ::write(2, line, n < 0 ? 0 : static_cast<std::size_t>(n));
    return l.code;
}

[[noreturn]] inline void on_terminate() noexcept {
    ::_exit(say(std::current_exception() ? lack_of_exception() : plain(failed_itself, "std::terminate() was called")));
}

}  // namespace detail

/// Says what is lacking when errno is `error`; the exit code.
inline int say_lack(int error) noexcept { return detail::say(lack_of(error)); }

/// Sees to it that at least `descriptors` may be open and `mebibytes` of address space
/// be used; raises the soft limits if the hard ones allow. `code` is 0, or 4 with "needs
/// ... and may have ..." as text. Better at once than in the middle of something.
inline lack lack_of_limits(unsigned long long descriptors, unsigned long long mebibytes) noexcept {
    const struct {
        int resource;
        unsigned long long least, unit;
        const char *what, *word;
    } wanted[] = {{RLIMIT_NOFILE, descriptors, 1, "file descriptors", "ulimit -n"},
                  {RLIMIT_AS, mebibytes << 20, 1 << 20, "MiB of address space", "ulimit -v"}};
    for (const auto& w : wanted) {
        const auto resource = static_cast<__rlimit_resource>(w.resource);
        rlimit limit{};
        if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur >= w.least) continue;
        limit.rlim_cur = limit.rlim_max < w.least ? limit.rlim_max : static_cast<rlim_t>(w.least);
        ::setrlimit(resource, &limit);
        if (limit.rlim_cur >= w.least) continue;
        lack l{cannot_run_here, {}};
        std::snprintf(l.text, sizeof l.text, "needs %llu %s, and may have %llu (`%s`)", w.least / w.unit, w.what,
                      static_cast<unsigned long long>(limit.rlim_cur) / w.unit, w.word);
        return l;
    }
    return {0, {}};
}

/// Runs `body`, which returns the exit code, as the whole of the program called
/// `name` (static text). What it throws, and what ends in std::terminate(), is told
/// on standard error and is 4 (something is lacking here) or 5 (it failed itself).
template <class Body>
int whole_program(const char* name, Body body) noexcept {
    detail::program_name = name;
    std::set_terminate(detail::on_terminate);
    try {
        return body();
    } catch (...) { return detail::say(lack_of_exception()); }
}

}  // namespace drainlab::os
