// One user of a mount, with one file at a time: calls the filesystem as the session does for the kernel, and compares.
#pragma once
#include "fusefs/storage/filesystem.hpp"
#include "tests/sim/storage/file_model.hpp"

#include <list>
#include <set>

namespace drainlab::tests {

struct world;

class client {
  public:
    client(world& of, unsigned number);

    /// So many calls, then everything is closed.
    sched::task<> run(unsigned calls);
    /// Beside run(): opens the file, too, reads, syncs and looks, and disturbs.
    sched::task<> disturb(unsigned calls);
    /// Whether `path` is, or was, a name of the present file.
    bool is_called(const std::string& path) const { return names_.contains(path); }
    /// The names that it may have in the store: none, if it has been removed; two while it is being renamed.
    const std::set<std::string>& may_be_called() const noexcept { return may_be_called_; }
    bool surely_there() const noexcept { return surely_there_; }
    /// A call that was given up may still be carried out, and change names or the end.
    bool unforeseeable() const noexcept { return unforeseeable_; }

    file_model model;

  private:
    struct handle {
        std::uint64_t errors_seen{};
    };
    sched::task<> step();
    sched::task<bool> open();
    sched::task<int> create(storage::created_file& file);
    sched::task<int> look_up();
    sched::task<> close();
    sched::task<> forget();
    sched::task<> write(std::size_t off, std::size_t size, bool sync);
    sched::task<> read(std::size_t off, std::size_t size);
    sched::task<> truncate(std::size_t size);
    sched::task<> allocate(int mode, std::size_t off, std::size_t size);
    sched::task<> copy(std::size_t from, std::size_t to, std::size_t size);
    sched::task<> sync();
    sched::task<> look();
    sched::task<> seek(std::size_t off, int whence);
    sched::task<> rename();
    sched::task<> remove();

    std::size_t below(std::size_t n);
    std::string random_bytes(std::size_t n);
    kernel::memcg_ptr payer();
    static void settle(durability::file_record::handle mark, std::size_t done);
    bool failed(const char* what, int err);
    template <class Judge>
    void judge(Judge verdict);
    storage::filesystem& fs() const;

    world& w_;
    const unsigned number_;
    unsigned files_{}, disturbers_{};
    std::string name_;
    std::set<std::string> names_, may_be_called_;
    storage::node* node_{};
    std::uint64_t lookups_{};
    std::list<handle> handles_;
    bool linked_{}, surely_there_{}, unforeseeable_{};
};

}  // namespace drainlab::tests
