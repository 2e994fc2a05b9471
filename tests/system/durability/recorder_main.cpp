// Kills a drainfs at random moments under load, again and again,
// and looks whether all it had acknowledged is in its store.
//
//   durability_recorder [--rounds N] [--end kill|umount|lazy] [--seed N] [--writers N] [--trust-writes]
//
// One drainfs with a store on disk (in the temporary directory); the writers' log lies outside of it,
// in this process. A round: mount, load for 5 to 150 ms, end it, compare. `umount` and `lazy` (the last
// close comes after the detach) are clean ends: every byte must be there, synced or not. --trust-writes
// takes unsynced writes for acknowledged, so that losses must be found: exit 0 when they are, 1 when
// not. Exit: 0 nothing lost, 1 something was (named on standard error), 2 usage, 77 cannot run here.
#include "tests/system/durability/writer.hpp"
#include "tests/system/gate/daemon.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

struct settings {
    unsigned rounds{20}, writers{4};
    std::uint64_t seed{1};
    std::string end{"kill"};
    bool trust_writes{};
};

bool parse(int argc, char** argv, settings& s) {
    for (int k = 1; k < argc; ++k) {
        const std::string word = argv[k];
        if (word == "--trust-writes") {
            s.trust_writes = true;
            continue;
        }
        if (k + 1 == argc) return false;
        const std::string value = argv[++k];
        const auto number = std::strtoull(value.c_str(), nullptr, 10);
        if (word == "--rounds" && number)
            s.rounds = static_cast<unsigned>(number);
        else if (word == "--writers" && number)
            s.writers = static_cast<unsigned>(number);
        else if (word == "--seed")
            s.seed = number;
        else if (word == "--end" && (value == "kill" || value == "umount" || value == "lazy"))
            s.end = value;
        else
            return false;
    }
    return true;
}

class recorder {
  public:
    explicit recorder(const settings& s)
        : s_{s}, random_{s.seed}, store_{daemon_.dir() + "/store"}, dir_{daemon_.dir() + "/m"} {
        ::mkdir(store_.c_str(), 0755);
        ::mkdir(dir_.c_str(), 0755);
        for (unsigned k = 0; k < s.writers; ++k) writers_.emplace_back(k, s.seed, s.trust_writes);
    }

    int run() {
        unsigned lost = 0, round = 0;
        for (; round < s_.rounds && lost == 0; ++round) {
            mount();
            load();
            for (auto& w : writers_)
                for (const auto& what : w.compare(store_, s_.end != "kill")) {
                    std::fprintf(stderr, "round %u (seed %llu): %s\n", round, static_cast<unsigned long long>(s_.seed),
                                 what.c_str());
                    ++lost;
                }
            if (daemon_.pid() < 0) daemon_.start();
            if (round % 100 == 99) std::printf("%u rounds\n", round + 1), std::fflush(stdout);
        }
        durability::totals all;
        for (const auto& w : writers_) {
            all.calls += w.done().calls;
            all.acknowledged += w.done().acknowledged;
            all.bytes += w.done().bytes;
        }
        std::printf("%u rounds ended by %s: %llu calls, %llu acknowledgements of %.1f MiB, %u lost\n", round,
                    s_.end.c_str(), static_cast<unsigned long long>(all.calls),
                    static_cast<unsigned long long>(all.acknowledged), static_cast<double>(all.bytes) / (1 << 20),
                    lost);
        return (lost != 0) == s_.trust_writes ? 0 : 1;
    }

  private:
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }

    /// A small dirty limit, so that the flusher works all the time;
    /// now and then a slow device, so that writes are under way.
    void mount() {
        const std::string body = "{\"dir\":\"" + dir_ + "\",\"store\":\"" + store_ + "\",\"name\":\"r" +
                                 std::to_string(++mounts_) + "\",\"page_cache\":\"" + (below(2) ? "keep" : "drop") +
                                 "\",\"dirty_limit_bytes\":" + std::to_string(below(2) ? 200'000 : 64 << 20) +
                                 ",\"device\":{\"latency_us\":" + std::to_string(below(2) ? below(2000) : 0) +
                                 ",\"flush_us\":" + std::to_string(below(2) ? below(2000) : 0) + "}}";
        int status = 0;
        const std::string answer = daemon_.request("POST", "/mounts", body, &status);
        if (status != 201) throw std::runtime_error{"cannot mount: " + answer};
    }

    void load() {
        std::atomic<bool> stop{false};
        std::vector<std::thread> threads;
        for (auto& w : writers_) threads.emplace_back([&] { w.run(dir_, stop); });
        std::this_thread::sleep_for(std::chrono::microseconds{5000 + below(145'000)});
        if (s_.end == "kill") {
            ::kill(daemon_.pid(), SIGKILL);
            if (daemon_.wait_for_end(20s) == -1) throw std::runtime_error{"a killed drainfs does not end"};
        }
        if (s_.end == "lazy") ::umount2(dir_.c_str(), MNT_DETACH);  // the writers go on; theirs is the last close
        stop = s_.end != "kill";
        for (auto& t : threads) t.join();
        if (s_.end == "umount" && ::umount2(dir_.c_str(), 0) != 0)
            throw std::runtime_error{std::string{"umount: "} + std::strerror(errno)};
        if (s_.end != "kill") static_cast<void>(daemon_.wait("r" + std::to_string(mounts_), "dead"));
    }

    settings s_;
    std::mt19937_64 random_;
    gate_test::test_daemon daemon_;
    std::string store_, dir_;
    std::vector<durability::writer> writers_;
    unsigned mounts_{};
};

}  // namespace

int main(int argc, char** argv) {
    settings s;
    if (!parse(argc, argv, s)) {
        std::fprintf(stderr,
                     "usage: durability_recorder [--rounds N] [--end kill|umount|lazy] [--seed N] [--writers N] "
                     "[--trust-writes]\n");
        return 2;
    }
    try {
        return recorder{s}.run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "durability_recorder: %s\n", e.what());
        return 2;
    }
}
