#include "tests/bench/fs_jobs.hpp"

#include "tests/bench/fs_loops.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace drainlab::bench {

namespace {

using std::filesystem::path;

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
        {"O_DIRECT write 1m", "--rw=write --bs=1m --size=64m --overwrite=1 --direct=1 --filename=direct"},
        {"open+close", "", open_close},
        {"getattr", "", getattr},
        {"lookup absent", "", lookup_absent},
        {"create+unlink", "", create_unlink},
        {"create+write+unlink", "", create_write_unlink},
        {"unlink", "", unlink},
        {"rename", "", rename},
        {"mkdir+rmdir", "", mkdir_rmdir},
        {"fsync clean", "", fsync_clean},
        {"readdir 10000", "", readdir_10000},
    };
    return all;
}

outcome run(const job& j, const path& dir) { return j.loop ? j.loop(dir) : run_fio(j, dir); }

}  // namespace drainlab::bench
