#include "tests/bench/fs_jobs.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::bench {

namespace {

using steady = std::chrono::steady_clock;
using std::filesystem::path;

outcome since(steady::time_point begin, std::uint64_t ops) {
    const std::chrono::duration<double, std::nano> took = steady::now() - begin;
    return {ops, took.count() / static_cast<double>(ops)};
}

outcome failed(const path& dir, const char* what) {
    std::fprintf(stderr, "%s: %s: %s\n", dir.c_str(), what, std::strerror(errno));
    return {};
}

outcome create_unlink(const path& dir) {
    constexpr int n = 500;
    const std::string name = dir / "made";
    const auto begin = steady::now();
    for (int k = 0; k < n; ++k) {
        const int fd = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0644);
        if (fd < 0) return failed(dir, "create");
        ::close(fd);
        if (::unlink(name.c_str()) != 0) return failed(dir, "unlink");
    }
    return since(begin, n);
}

/// statx() with AT_STATX_FORCE_SYNC, so that each one reaches the daemon.
outcome getattr(const path& dir) {
    constexpr int n = 2000;
    const std::string name = dir / "attr";
    ::close(::open(name.c_str(), O_CREAT | O_WRONLY, 0644));
    const auto begin = steady::now();
    for (int k = 0; k < n; ++k) {
        struct statx st {};
        if (::statx(AT_FDCWD, name.c_str(), AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) != 0)
            return failed(dir, "statx");
    }
    return since(begin, n);
}

outcome readdir_10000(const path& dir) {
    constexpr int entries = 10000, rounds = 3;
    const path many = dir / "many";
    if (std::filesystem::create_directory(many))
        for (int k = 0; k < entries; ++k) {
            const int fd = ::open((many / std::to_string(k)).c_str(), O_CREAT | O_WRONLY, 0644);
            if (fd < 0) return failed(dir, "create");
            ::close(fd);
        }
    const auto begin = steady::now();
    for (int k = 0; k < rounds; ++k) {
        DIR* const d = ::opendir(many.c_str());
        int seen = 0;
        while (d && ::readdir(d)) ++seen;
        if (d) ::closedir(d);
        if (seen != entries + 2) return failed(dir, "readdir");
    }
    return since(begin, std::uint64_t{entries} * rounds);
}

outcome run_fio(const job& j, const path& dir) {
    const std::string command = "fio --output-format=json --group_reporting --thread --ioengine=psync --name=bench " +
                                std::string{"--directory="} + dir.string() + " " + j.fio + " 2>&1";
    FILE* const out = ::popen(command.c_str(), "r");
    std::string text;
    char part[4096];
    for (std::size_t n; out && (n = std::fread(part, 1, sizeof part, out)) > 0;) text.append(part, n);
    const bool bad = !out || ::pclose(out) != 0;
    const auto json = nlohmann::json::parse(text.substr(std::min(text.find('{'), text.size())), nullptr, false);
    if (bad || json.is_discarded()) {
        std::fprintf(stderr, "`%s` failed: %s\n", command.c_str(), text.c_str());
        return {};
    }
    const auto& result = json.at("jobs").at(0);
    const auto ops =
        result["read"]["total_ios"].get<std::uint64_t>() + result["write"]["total_ios"].get<std::uint64_t>();
    const double ms = std::max(result["read"]["runtime"].get<double>(), result["write"]["runtime"].get<double>());
    return {ops, ops == 0 ? 0 : ms * 1e6 / static_cast<double>(ops)};
}

}  // namespace

const std::vector<job>& jobs() {
    static const std::vector<job> all{
        {"write 4k O_SYNC", "--rw=write --bs=4k --size=4m --sync=1 --overwrite=1 --filename=sync"},
        {"randwrite 4k", "--rw=randwrite --bs=4k --size=4m --overwrite=1 --norandommap --filename=rw"},
        {"randread 4k", "--rw=randread --bs=4k --size=8m --filename=read"},
        {"seq write 1m", "--rw=write --bs=1m --size=64m --overwrite=1 --end_fsync=1 --filename=seq"},
        {"seq read 1m", "--rw=read --bs=1m --size=64m --filename=seq"},
        {"8 writers 4k", "--rw=randwrite --bs=4k --size=1m --numjobs=8 --overwrite=1"},
        {"create+unlink", "", create_unlink},
        {"getattr", "", getattr},
        {"readdir 10000", "", readdir_10000},
    };
    return all;
}

outcome run(const job& j, const path& dir) { return j.loop ? j.loop(dir) : run_fio(j, dir); }

}  // namespace drainlab::bench
