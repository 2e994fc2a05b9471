// Opening a store: on a thread of its own, as nobody knows yet whether it answers.
#include "fusefs/os/pass_fd.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace drainlab::storage {

namespace {

/// What the agent finds. A store in memory is handed to the loop by the socket: its calls run there.
struct opened_store {
    std::shared_ptr<directory_store> store;
    std::vector<directory_id> lineage;
    std::string error;
    bool in_memory{}, locked{};
};

int open_on_agent(store_agent& agent, const filesystem_options& o, root_directory& shared, int socket,
                  opened_store& out) {
    root_directory root = std::move(shared);  // what stays here is closed here: numbers mean this thread's table
    if (!root.fd)
        if (const int err = open_root(*o.store, root, out.error)) return err;
    out.in_memory = root.in_memory;
    out.lineage = lineage_of(root.fd.get());
    if (const int err = lock_directory(root.fd.get(), o.read_only)) return out.locked = true, err;
    if (root.in_memory) return os::send_fd(socket, root.fd.get()) ? 0 : EIO;
    store_table where;
    where.table = agent.weak_from_this();
    where.own_table = where.own_umask = agent.own_table();
    if (!where.own_table) where.budget = std::make_shared<descriptor_budget>(descriptor_budget::of_limit(0) / 4);
    int err = 0;
    out.store = directory_store::open(std::move(root), o.descriptors, err, where);
    return err;
}

store_table on_loop(const stores& all) {
    store_table where;
    where.budget = all.budget;
    return where;
}

sched::task<> give_up_at(sched::scheduler& sched, sched::instant when, std::weak_ptr<store_calls> calls) {
    co_await sched.sleep_until(when, "a store to answer");
    if (const auto those = calls.lock()) those->abandon();
}

std::string who_has(const stores& all, const opened_store& got) {
    const directory_id id = got.lineage.front();
    if (auto label = all.claims.label_of(id); !label.empty()) return label + " keeps its files there";
    std::string text = "another daemon keeps a mount's files there (it has locked the directory";
    const auto pids = lock_holders(id);
    for (std::size_t k = 0; k < pids.size(); ++k) text += (k == 0 ? ": process " : ", ") + std::to_string(pids[k]);
    return text + ")";
}

}  // namespace

std::unique_ptr<filesystem> filesystem::on(std::shared_ptr<directory_store> store,
                                           std::shared_ptr<store_executor> executor, const filesystem_options& options,
                                           stores& all, const store_io& io) {
    return std::unique_ptr<filesystem>{new filesystem{all, std::move(store), std::move(executor), options, io}};
}

sched::task<std::unique_ptr<filesystem>> filesystem::make(filesystem_options o, stores& all, int& err,
                                                          std::string& error) {
    err = 0;
    auto root = std::make_shared<root_directory>();
    if (!o.store) {
        err = open_private_root(all.memory, *root, error);
        if (err) co_return nullptr;
        if (root->in_memory) {
            auto store = directory_store::open(std::move(*root), o.descriptors, err, on_loop(all));
            if (!store) error = std::string{"private store: "} + std::strerror(err);
            co_return store ? on(std::move(store), nullptr, o, all) : nullptr;
        }
        o.store = root->fallback;
        root->fd.reset();  // the agent opens it for itself
    }
    const std::string name = "store " + o.store->string() + ": ";
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        err = errno;
        error = name + std::strerror(err);
        co_return nullptr;
    }
    unique_fd ours{pair[0]}, theirs{pair[1]};
    const auto agent = store_agent::start(all.finished, {theirs.get()});
    const auto calls = std::make_shared<store_calls>(all.sched, nullptr, agent);
    all.sched.spawn("limit of a store", give_up_at(all.sched, all.sched.now() + o.open_limit, calls),
                    sched::fiber_kind::service);
    auto open_call = calls->names<opened_store>(
        "open",
        [agent = std::weak_ptr{agent}, o, root, socket = theirs.get()](opened_store& out) {
            const auto self = agent.lock();
            const int failed = self ? open_on_agent(*self, o, *root, socket, out) : EIO;
            if (self && self->own_table()) ::close(socket);
            return failed;
        },
        o.store->string().c_str());
    auto got = co_await open_call;
    theirs.reset();
    err = got.err;
    if (got.out.locked) {
        err = EBUSY;
        error = name + who_has(all, got.out);
    } else if (err) {
        error = !got.out.error.empty() ? got.out.error
                : calls->abandoned()   ? name + "it does not answer (its filesystem hangs)"
                                       : name + std::strerror(err);
    }
    store_claims::token claim;
    if (!err) {
        claim = all.claims.take(got.out.lineage, o.label, o.read_only, error);
        if (!claim) {
            err = EBUSY;
            error = name + error;
        }
    }
    std::unique_ptr<filesystem> made;
    if (!err && got.out.in_memory) {
        root_directory here;
        here.fd = os::receive_fd(ours.get());
        here.in_memory = true;
        auto store = here.fd ? directory_store::open(std::move(here), o.descriptors, err, on_loop(all)) : nullptr;
        if (store) made = on(std::move(store), nullptr, o, all);
        if (!store) error = name + std::strerror(err ? err : EMFILE);
        if (!store && !err) err = EMFILE;
    } else if (!err) {
        agent->at_exit([store = got.out.store] { store->close_all(); });
        made = on(std::move(got.out.store), agent, o, all);
        made->agent_ = agent;
    }
    if (!made || !made->agent_) {
        if (got.out.store) agent->at_exit([store = std::move(got.out.store)] { store->close_all(); });
        agent->finish();
    }
    if (made) made->claim_ = std::move(claim);
    co_return made;
}

}  // namespace drainlab::storage
