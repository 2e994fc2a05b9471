#include "tests/sim/storage/client.hpp"

#include "tests/sim/storage/world.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::tests {

using kernel::page_size;
using storage::directory_store;
using storage::node;

namespace {

constexpr std::size_t most_bytes = 10 * page_size;

struct entry {
    node* f{};
    struct stat st {};
    storage::data_fd data;
};

storage::credentials self() { return {::geteuid(), ::getegid(), 022}; }

}  // namespace

client::client(world& of, unsigned number) : w_{of}, number_{number} {}

storage::filesystem& client::fs() const { return *w_.fs; }

std::size_t client::below(std::size_t n) { return static_cast<std::size_t>(w_.random.below(n)); }

std::string client::random_bytes(std::size_t n) {
    std::string bytes(n, '\0');
    const std::uint64_t from = w_.random.next();
    for (std::size_t k = 0; k < n; ++k) bytes[k] = static_cast<char>('a' + (from + k * 7 + k / 97) % 26);
    return bytes;
}

kernel::memcg_ptr client::payer() { return w_.groups[below(w_.groups.size())]; }

/// What a read, or a look, has shown. Where writes may fail, bytes that have not been synced may be seen to be gone
/// before their loss is
/// told; told it must be.
template <class Judge>
void client::judge(Judge verdict) {
    if (w_.rules.errors && !verdict().empty()) model.doubt();
    if (const std::string why = verdict(); !why.empty()) w_.wrong(name_ + ": " + why);
}

/// True if it did, as it may here.
bool client::failed(const char* what, int err) {
    w_.note(name_ + ": " + what + (err ? std::string{": "} + std::strerror(err) : ""));
    w_.look_at_losses();
    if (!err) return false;
    if (w_.io.ended()) return true;
    const bool room = err == ENOSPC && w_.rules.full;
    if (!room && !w_.rules.errors) w_.wrong(name_ + ": " + what + " fails: " + std::strerror(err));
    if (w_.rules.errors) model.doubt();
    return true;
}

// ---- names ----------------------------------------------------------------------------------------------------------

sched::task<int> client::create(storage::created_file& file) {
    name_ = "f" + std::to_string(number_) + "." + std::to_string(++files_);
    names_ = may_be_called_ = {"/" + name_};
    surely_there_ = false;
    model = {};
    node& root = fs().root();
    auto making = fs().calls().names<entry>(
        "create",
        [&root, name = name_](directory_store& s, entry& out) {
            return s.create(root, name.c_str(), O_RDWR, 0644, self(), out.f, out.st, out.data);
        },
        name_.c_str());
    auto got = co_await making;
    if (failed("create", got.err)) {
        may_be_called_.clear();
        co_return got.err;
    }
    node_ = got.out.f;
    lookups_ = 1;
    linked_ = surely_there_ = true;
    file = {std::move(got.out.data), got.out.st};
    co_return 0;
}

sched::task<int> client::look_up() {
    node& root = fs().root();
    auto looking = fs().calls().names<entry>(
        "lookup",
        [&root, name = name_](directory_store& s, entry& out) { return s.lookup(root, name.c_str(), out.f, out.st); },
        name_.c_str());
    const auto got = co_await looking;
    if (failed("lookup", got.err)) co_return got.err;
    node_ = got.out.f;
    ++lookups_;
    co_return 0;
}

sched::task<bool> client::open() {
    storage::created_file file;
    int err = 0;
    if (!linked_ && handles_.empty())
        err = co_await create(file);
    else if (linked_ && (!node_ || below(2)))
        err = co_await look_up();
    if (err) co_return false;
    err = co_await fs().open(*node_, O_RDWR, file.data.fd ? &file : nullptr);
    if (failed("open", err)) co_return false;
    fs().ref(*node_);
    handles_.push_back({node_->data->sample_errors()});
    co_return true;
}

sched::task<> client::close() {
    node& f = *node_;
    const int err = f.data->untold_error(handles_.front().errors_seen);
    handles_.pop_front();
    if (failed("close", err)) model.told();
    ++disturbers_;
    co_await fs().close(f);
    fs().unref(f);
    --disturbers_;
    if (handles_.empty() && !linked_) co_await forget();
}

sched::task<> client::forget() {
    while (disturbers_ > 0) co_await w_.scheduler.sleep_for(1ms, "disturbers");
    if (node_) fs().forget(*node_, lookups_);
    node_ = nullptr;
    lookups_ = 0;
    failed("forget", 0);
}

sched::task<> client::rename() {
    const std::string to = name_ + "x";
    may_be_called_.insert("/" + to);
    names_.insert("/" + to);
    const int err = co_await fs().rename(fs().root(), name_, fs().root(), to, 0);
    if (failed("rename", err)) {
        if (w_.abandoned) unforeseeable_ = true;
        if (!w_.io.ended()) may_be_called_ = {"/" + name_};
        co_return;
    }
    name_ = to;
    may_be_called_ = {"/" + name_};
}

sched::task<> client::remove() {
    node& root = fs().root();
    surely_there_ = false;
    auto removing = fs().calls().names(
        "unlink", [&root, name = name_](directory_store& s, storage::nothing&) { return s.unlink(root, name.c_str()); },
        name_.c_str());
    const auto rc = co_await removing;
    if (failed("unlink", rc.err)) {
        if (w_.abandoned) unforeseeable_ = true;
        surely_there_ = !w_.io.ended();
        co_return;
    }
    linked_ = false;
    may_be_called_.clear();
    if (handles_.empty()) co_await forget();
}

/// So much of it was done.
void client::settle(durability::file_record::handle mark, std::size_t done) {
    mark->bytes.resize(std::min(mark->bytes.size(), done));
    if (mark->bytes.empty()) mark->offset = 0;
}

// ---- bytes ----------------------------------------------------------------------------------------------------------

sched::task<> client::write(std::size_t off, std::size_t size, bool sync_it) {
    const std::string data = random_bytes(size);
    const auto d = node_->data;
    const auto mark = model.record.begins({off, data, false, false});
    storage::file_write w{*d, data.data(), size, static_cast<off_t>(off), payer()};
    const auto then = fs().cache().try_write(w);
    if (then == storage::page_cache::next::mark) {
        const auto inode = d->inode.lock();
        co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
    } else if (then == storage::page_cache::next::wait) {
        co_await fs().cache().write(w);
    }
    const long result = w.result();
    if (w_.io.ended() && result < 0) co_return;
    const std::string what =
        "write " + std::to_string(off) + "+" + std::to_string(size) + " = " + std::to_string(result);
    const bool bad = failed(what.c_str(), result < 0 ? static_cast<int>(-result) : 0);
    const auto done = static_cast<std::size_t>(std::max(result, 0L));
    if (done) model.write(off, data.substr(0, done));
    settle(mark, done);
    mark->acknowledged = w_.rules.memory;  // then it is in the store
    if (w_.abandoned) model.lose(off + done, size - done);
    if (sync_it && !bad) co_await sync();
}

sched::task<> client::read(std::size_t off, std::size_t size) {
    std::vector<iovec> iov;
    const auto d = node_->data;
    int err = 0;
    if (!fs().cache().try_read(*d, static_cast<off_t>(off), size, payer(), iov)) {
        iov.clear();
        err = co_await fs().cache().read(*d, static_cast<off_t>(off), size, payer(), iov);
    }
    std::string got;
    for (const iovec& part : iov) got.append(static_cast<const char*>(part.iov_base), part.iov_len);
    if (failed("read", err)) co_return;
    judge([&] { return model.judge_read(off, size, got); });
}

sched::task<> client::truncate(std::size_t size) {
    model.record.begins({size, "", true, false});
    const int err = co_await fs().truncate(*node_, static_cast<off_t>(size));
    const std::string what = "truncate " + std::to_string(size);
    if (w_.abandoned && err) unforeseeable_ = true;
    if (!failed(what.c_str(), err)) model.truncate(size);
}

sched::task<> client::allocate(int mode, std::size_t off, std::size_t size) {
    const bool punch = mode & FALLOC_FL_PUNCH_HOLE;
    if (punch && off < model.size())
        model.record.begins({off, std::string(std::min(size, model.size() - off), '\0'), false, false});
    if (!(mode & FALLOC_FL_KEEP_SIZE) && off + size > model.size())
        model.record.begins({model.size(), std::string(off + size - model.size(), '\0'), false, false});
    const int err = co_await fs().fallocate(*node_, mode, static_cast<off_t>(off), static_cast<off_t>(size), payer());
    const std::string what =
        "fallocate " + std::to_string(mode) + " " + std::to_string(off) + "+" + std::to_string(size);
    if (w_.abandoned && err) unforeseeable_ = true;
    if (failed(what.c_str(), err)) co_return;
    if (punch) model.zero(off, size);
    if ((mode & FALLOC_FL_KEEP_SIZE) || off + size <= model.size()) co_return;
    if (model.end_in_doubt())
        model.lose(off, size);  // it may have been there before
    else
        model.write(off + size - 1, std::string(1, '\0'));
}

sched::task<> client::copy(std::size_t from, std::size_t to, std::size_t size) {
    const auto mark =
        model.record.begins({to, from < model.size() ? model.bytes.substr(from, size) : "", false, false});
    std::size_t copied = 0;
    const int err = co_await fs().copy_range(*node_, static_cast<off_t>(from), *node_, static_cast<off_t>(to), size,
                                             payer(), copied);
    const std::string what = "copy " + std::to_string(from) + "+" + std::to_string(size) + " to " + std::to_string(to) +
                             " = " + std::to_string(copied);
    if (w_.abandoned && err) unforeseeable_ = true;
    if (w_.io.ended()) co_return;
    settle(mark, copied);
    if (failed(what.c_str(), err) || copied == 0) co_return;
    if (model.end_in_doubt() || from + copied > model.size()) co_return model.lose(to, size);  // of whatever was there
    model.copy(from, to, copied);
}

sched::task<> client::sync() {
    const auto m = payer();
    int err = co_await fs().fsync(*node_, below(2) != 0, m);
    if (const int earlier = node_->data->untold_error(handles_.back().errors_seen)) err = earlier;
    if (failed("fsync", err))
        model.told();
    else
        model.synced();
}

sched::task<> client::look() {
    struct stat st {};
    const int err = co_await fs().getattr(*node_, st);
    const std::string what = "getattr: size " + std::to_string(st.st_size);
    if (!failed(what.c_str(), err)) judge([&] { return model.judge_size(static_cast<std::size_t>(st.st_size)); });
}

sched::task<> client::seek(std::size_t off, int whence) {
    off_t found = 0;
    const int err = co_await fs().seek(*node_, static_cast<off_t>(off), whence, found, payer());
    if (err == ENXIO && (off >= model.size() || model.end_in_doubt() || whence == SEEK_DATA)) co_return;
    if (failed("seek", err)) co_return;
    if (found < static_cast<off_t>(off) || (found > static_cast<off_t>(model.size()) && !model.end_in_doubt()))
        w_.wrong(name_ + ": seek to " + std::to_string(found));
    const std::size_t stop = whence == SEEK_DATA ? std::min(static_cast<std::size_t>(found), model.size()) : off;
    for (std::size_t at = off; at < stop; ++at)
        if (model.bytes[at] != 0 && !model.anything_failed)
            w_.wrong(name_ + ": SEEK_DATA goes past byte " + std::to_string(at));
}

// ---- what it does ---------------------------------------------------------------------------------------------------

sched::task<> client::step() {
    const std::size_t off = below(most_bytes), size = 1 + below(below(3) ? 3 * page_size : 100);
    switch (below(20)) {
        case 0:
        case 1:
        case 2:
        case 3: co_return co_await write(off, size, false);
        case 4: co_return co_await write(model.size() % most_bytes, size, false);
        case 5: co_return co_await write(off, size, true);
        case 6:
        case 7: co_return co_await read(off, size);
        case 8: co_return co_await read(0, 2 * most_bytes);
        case 9: co_return co_await truncate(below(most_bytes));
        case 10: co_return co_await allocate(below(2) ? FALLOC_FL_KEEP_SIZE : 0, off, size);
        case 11: co_return co_await allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, size);
        case 12:
            co_return co_await copy(below(2 * page_size), 4 * page_size + below(4 * page_size), 1 + below(page_size));
        case 13:
        case 14: co_return co_await sync();
        case 15: co_return co_await look();
        case 16: co_return co_await seek(off, below(2) ? SEEK_DATA : SEEK_HOLE);
        case 17:
            if (linked_) co_return co_await rename();
            co_return;
        case 18:
            if (linked_ && below(3) == 0) co_return co_await remove();
            co_return;
        default: co_return;
    }
}

sched::task<> client::run(unsigned calls) {
    for (unsigned k = 0; k < calls && !w_.io.ended() && !w_.abandoned && w_.verdict.empty(); ++k) {
        if (below(8) == 0) co_await w_.scheduler.sleep_for(std::chrono::milliseconds{below(9000)}, "user");
        if (handles_.empty() || (handles_.size() < 2 && below(10) == 0)) {
            if (handles_.empty() && node_ && linked_ && below(3) == 0) co_await forget();
            const bool opened = co_await open();
            if (!opened) continue;
        }
        co_await step();
        if (handles_.empty() || below(12) != 0) continue;
        co_await close();
    }
    while (!handles_.empty() && !w_.io.ended()) co_await close();
    if (node_ && below(2) && !w_.io.ended()) co_await forget();
}

sched::task<> client::disturb(unsigned calls) {
    for (unsigned k = 0; k < calls && !w_.io.ended() && !w_.abandoned; ++k) {
        co_await w_.scheduler.sleep_for(std::chrono::microseconds{below(3'000'000)}, "disturber");
        if (!node_ || !lookups_) continue;
        ++disturbers_;
        node& f = *node_;
        int err = co_await fs().open(f, O_RDWR, nullptr);
        if (!err) {
            fs().ref(f);
            auto seen = f.data->sample_errors();
            const auto d = f.data;
            std::vector<iovec> iov;
            struct stat st {};
            if (below(2)) err = co_await fs().cache().read(*d, 0, most_bytes, payer(), iov);
            if (!err) err = co_await fs().getattr(f, st);
            if (!err && below(2)) err = co_await fs().fsync(f, false, payer());
            if (const int told = f.data->untold_error(seen)) {
                failed("disturber", told);
                model.told();
            }
            co_await fs().close(f);
            fs().unref(f);
        }
        failed("disturber", err);
        --disturbers_;
    }
}

}  // namespace drainlab::tests
