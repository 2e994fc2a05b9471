// Fills stores of random size through a drainfs, and looks whether each acknowledged byte is there or its loss was
// told: never neither.
//
//   full_store_recorder [--rounds N] [--seed N] [--kind tmpfs|ext4] [--ignore-reports]
//
// A round: a store of 200 KiB to 24 MiB (a tmpfs with a limit, or an ext4 image on a
// loop device), a mount on it, three writers with files of their own until there is room
// for nothing, sometimes somebody who fills the store from outside meanwhile; then an
// unmount, and a comparison byte by byte. Told is: by fsync or close of that file, or by
// name in what the daemon says of the mount (`lost`). --ignore-reports takes what was
// told for untold, and always fills from outside, so that a loss must be found sooner or
// later: exit 0 when one is, 1 when all rounds went by without. Exit: 0 nothing untold,
// 1 something was (named on standard error), 2 usage or trouble, 77 cannot run here.
#include "tests/system/durability/small_store.hpp"
#include "tests/system/gate/daemon.hpp"

#include <nlohmann/json.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <random>
#include <sched.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

struct settings {
    unsigned rounds{10};
    std::uint64_t seed{1};
    std::string kind;  ///< both, in turn
    bool ignore_reports{};
};

bool parse(int argc, char** argv, settings& s) {
    for (int k = 1; k < argc; ++k) {
        const std::string word = argv[k];
        if (word == "--ignore-reports") {
            s.ignore_reports = true;
            continue;
        }
        if (k + 1 == argc) return false;
        const std::string value = argv[++k];
        if (word == "--rounds" && std::strtoull(value.c_str(), nullptr, 10))
            s.rounds = static_cast<unsigned>(std::strtoull(value.c_str(), nullptr, 10));
        else if (word == "--seed")
            s.seed = std::strtoull(value.c_str(), nullptr, 10);
        else if (word == "--kind" && (value == "tmpfs" || value == "ext4"))
            s.kind = value;
        else
            return false;
    }
    return true;
}

/// What one file must contain, as its writer was told.
struct file {
    std::string bytes;
    bool told{};  ///< that something was lost
};

/// Writes until there is room for nothing. Thread: its own; `files` are read when it has ended.
class filler {
  public:
    filler(std::string dir, unsigned number, std::uint64_t seed)
        : dir_{std::move(dir)}, name_{"w" + std::to_string(number) + "."}, random_{seed * 100 + number} {}
    void run() {
        for (unsigned k = 0, refused = 0; k < 400 && refused < 12; ++k) refused = step() ? 0 : refused + 1;
        for (auto& [name, fd] : open_) close(name, fd);
        open_.clear();
    }
    std::map<std::string, file> files;

  private:
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
    /// False: there was no room.
    bool step() {
        const std::string name = name_ + std::to_string(below(6));
        if (!open_.contains(name)) {
            const int fd = ::open((dir_ + "/" + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
            if (fd < 0) return false;
            open_[name] = fd;
        }
        const int fd = open_[name];
        file& f = files[name];
        switch (below(12)) {
            case 0:
                if (::fsync(fd) != 0) f.told = true;
                return true;
            case 1:
                close(name, fd);
                open_.erase(name);
                return true;
            case 2: {
                const std::size_t size = below(f.bytes.size() + 1);
                if (::ftruncate(fd, static_cast<off_t>(size)) == 0) f.bytes.resize(size);
                return true;
            }
            default: return write(f, fd);
        }
    }
    bool write(file& f, int fd) {
        std::string bytes(1 + below(below(3) ? 6000 : 400'000), '\0');
        const auto first = static_cast<char>(random_());
        for (std::size_t k = 0; k < bytes.size(); ++k) bytes[k] = static_cast<char>(first + static_cast<char>(k % 251));
        const std::size_t at = below(2) ? f.bytes.size() : below(f.bytes.size() + 5000);
        const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (n <= 0) return false;
        if (f.bytes.size() < at + static_cast<std::size_t>(n)) f.bytes.resize(at + static_cast<std::size_t>(n));
        f.bytes.replace(at, static_cast<std::size_t>(n), bytes, 0, static_cast<std::size_t>(n));
        return n == static_cast<ssize_t>(bytes.size());
    }
    void close(const std::string& name, int fd) {
        if (::close(fd) != 0) files[name].told = true;
    }

    std::string dir_, name_;
    std::mt19937_64 random_;
    std::map<std::string, int> open_;
};

class recorder {
  public:
    explicit recorder(const settings& s) : s_{s}, random_{s.seed} {
        for (const char* sub : {"/T", "/m"}) ::mkdir((daemon_.dir() + sub).c_str(), 0755);
    }

    int run() {
        unsigned untold = 0, told = 0, round = 0;
        std::uint64_t bytes = 0;
        for (; round < s_.rounds && untold == 0; ++round) {
            const bool on_disk = s_.kind.empty() ? round % 2 : s_.kind == "ext4";
            const std::size_t kib = on_disk ? 1024 + below(23 * 1024) : 200 + below(12 * 1024);
            durability::small_store store{daemon_.dir() + "/T", daemon_.dir() + "/img", on_disk, kib,
                                          below(2) ? 1024u : 4096u};
            auto files = fill("r" + std::to_string(round), store.dir());
            for (auto& [name, f] : files) {
                bytes += f.bytes.size();
                told += f.told;
                const std::string bad = compare(store.dir() + "/" + name, f.bytes);
                if (bad.empty() || (f.told && !s_.ignore_reports)) continue;
                std::fprintf(stderr, "round %u (seed %llu, %s of %zu KiB): %s: %s%s\n", round,
                             static_cast<unsigned long long>(s_.seed), on_disk ? "ext4" : "tmpfs", kib, name.c_str(),
                             bad.c_str(), f.told ? " (told)" : ", and nobody was told");
                ++untold;
            }
            if (round % 20 == 19) std::printf("%u rounds\n", round + 1), std::fflush(stdout);
        }
        std::printf("%u stores filled: %.1f MiB acknowledged, losses of %u files told, %u %s\n", round,
                    static_cast<double>(bytes) / (1 << 20), told, untold, s_.ignore_reports ? "found" : "untold");
        return (untold != 0) == s_.ignore_reports ? 0 : 1;
    }

  private:
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

    std::map<std::string, file> fill(const std::string& mount, const std::string& store) {
        const std::string dir = daemon_.dir() + "/m";
        const std::string body = "{\"dir\":\"" + dir + "\",\"store\":\"" + store + "\",\"name\":\"" + mount +
                                 "\",\"page_cache\":\"" + (below(2) ? "keep" : "drop") +
                                 "\",\"dirty_limit_bytes\":" + std::to_string(below(2) ? 200'000 : 64 << 20) +
                                 ",\"device\":{\"latency_us\":" + std::to_string(below(3) ? 0 : below(2000)) + "}}";
        int status = 0;
        const std::string answer = daemon_.request("POST", "/mounts", body, &status);
        if (status != 201) throw std::runtime_error{"cannot mount: " + answer};
        std::vector<filler> fillers;
        for (unsigned k = 0; k < 3; ++k) fillers.emplace_back(dir, k, s_.seed + random_());
        std::vector<std::thread> threads;
        for (auto& f : fillers) threads.emplace_back([&f] { f.run(); });
        if (s_.ignore_reports || below(3) == 0) take_room(store);
        for (auto& t : threads) t.join();
        if (::umount2(dir.c_str(), 0) != 0) throw std::runtime_error{std::string{"umount: "} + std::strerror(errno)};
        static_cast<void>(daemon_.wait(mount, "dead"));
        std::map<std::string, file> all;
        for (auto& f : fillers) all.merge(f.files);
        const auto view = nlohmann::json::parse(daemon_.request("GET", "/mounts/" + mount));
        for (const auto& l : view.at("lost"))
            if (const auto at = all.find(l.at("path").get<std::string>().substr(1)); at != all.end())
                at->second.told = true;
        ::unlink((store + "/taken").c_str());
        return all;
    }

    /// Somebody else, who knows nothing of promises.
    void take_room(const std::string& store) {
        std::ofstream out{store + "/taken", std::ios::binary};
        const std::string some(64 * 1024, 't');
        std::this_thread::sleep_for(std::chrono::milliseconds{below(30)});
        while (out.write(some.data(), static_cast<std::streamsize>(some.size())).flush())
            if (below(8) == 0) std::this_thread::sleep_for(1ms);
    }

    static std::string compare(const std::string& path, const std::string& wanted) {
        std::ifstream in{path, std::ios::binary};
        if (!in) return "is not there";
        const std::string got{std::istreambuf_iterator<char>{in}, {}};
        if (got.size() != wanted.size())
            return "has " + std::to_string(got.size()) + " of " + std::to_string(wanted.size()) + " bytes";
        for (std::size_t k = 0; k < got.size(); ++k)
            if (got[k] != wanted[k]) return "byte " + std::to_string(k) + " is another one";
        return {};
    }

    settings s_;
    std::mt19937_64 random_;
    gate_test::test_daemon daemon_;
};

}  // namespace

int main(int argc, char** argv) {
    settings s;
    if (!parse(argc, argv, s)) {
        std::fprintf(stderr,
                     "usage: full_store_recorder [--rounds N] [--seed N] [--kind tmpfs|ext4] [--ignore-reports]\n");
        return 2;
    }
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        std::printf("cannot run here, because no mount namespace can be had: %s\n", std::strerror(errno));
        return 77;
    }
    try {
        return recorder{s}.run();
    } catch (const durability::no_such_store& e) {
        std::printf("cannot run here, because %s\n", e.what());
        return 77;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "full_store_recorder: %s\n", e.what());
        return 2;
    }
}
