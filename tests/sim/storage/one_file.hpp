// One file on a store whose calls come back when the test says so.
#pragma once
#include "fusefs/storage/filesystem.hpp"
#include "tests/sim/model/world.hpp"
#include "tests/sim/storage/faulty_store.hpp"

#include <set>

namespace drainlab::tests {

/// Runs each call at once and in order; the answers of those named in `hold` wait for release().
class held_threads final : public storage::store_executor {
  public:
    explicit held_threads(sched::scheduler& sched) : sched_{sched} {}
    void submit(queue, std::shared_ptr<storage::store_job> job) override {
        job->run();
        if (hold.contains(job->what))
            held_.push_back(std::move(job));
        else
            sched_.spawn("answer", answer(std::move(job)), sched::fiber_kind::service);
    }
    void release() {
        hold.clear();
        for (auto& job : std::exchange(held_, {})) sched_.spawn("answer", answer(job), sched::fiber_kind::service);
    }
    std::size_t held() const noexcept { return held_.size(); }
    std::set<std::string_view> hold;

  private:
    static task<> answer(std::shared_ptr<storage::store_job> job) {
        job->finished();
        co_return;
    }
    sched::scheduler& sched_;
    std::vector<std::shared_ptr<storage::store_job>> held_;
};

struct one_file : model_world {
    /// @param plain  in place of `io`, which keeps books of what it is asked.
    explicit one_file(bool memory = false, storage::cache_mode mode = storage::cache_mode::drop,
                      const storage::store_io* plain = nullptr);
    ~one_file();

    /// They return 0 or an errno; the test fails if they never end.
    int write(off_t off, std::string data);
    /// What write() runs: for begin(). `written` outlives it.
    task<int> writing(off_t off, std::string data, std::size_t& written);
    int truncate(off_t size);
    int fsync();
    int allocate(off_t off, off_t length);
    int open();
    void close();
    std::string read(off_t off, std::size_t size);
    off_t size();
    /// What the store has.
    std::string stored() const;
    /// Begins, and goes on as far as it can.
    template <class T>
    void begin(task<T> body) {
        scheduler.spawn("begun", ended(std::move(body)));
        scheduler.run_for(1ms);
    }
    void release() {
        threads->release();
        scheduler.run_for(10ms);
    }
    storage::page_cache& cache() { return fs->cache(); }
    storage::file_data& data() { return *f->data; }

    faulty_io io;
    std::shared_ptr<held_threads> threads;
    storage::stores stores;
    std::unique_ptr<storage::filesystem> fs;
    std::shared_ptr<kernel::super_block> sb;
    kernel::memcg_ptr payer;
    storage::node* f{};
    int begun{}, over{};

  private:
    template <class T>
    task<> ended(task<T> body) {
        ++begun;
        (void)co_await body;
        ++over;
    }
    task<> ended(task<> body) {
        ++begun;
        co_await body;
        ++over;
    }
    int result(task<int> body);
    storage::memory_directory directory_;  // outlives the store: what is in it is looked at last
    storage::unique_fd root_;
};

}  // namespace drainlab::tests
