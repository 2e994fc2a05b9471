// After a round of writeback: what the store is told, and what is lost.
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace drainlab::storage {

/// Whoever wrote these bytes believes that they are there.
void page_cache::lose(file_data& f, kernel::inode& i, std::uint64_t bytes, int error) {
    if (i.unlinked) return;  // nobody can ask for them any more
    if (calls_.at_once()) f.path = path_in_mount(*f.owner);
    auto at = std::find_if(lost_.begin(), lost_.end(), [&](const unwritten_file& u) { return u.path == f.path; });
    const bool known = at != lost_.end() && at->error == error;
    if (at == lost_.end()) at = lost_.insert(lost_.end(), {f.path, 0, error});
    at->bytes += bytes;
    at->error = error;
    if (known) return;  // told once; the sum is in lost()
    i.i_sb->h.violated("bytes_lost",
                       i.i_sb->s_id + ": " + (f.path.empty() ? "a file without a name" : f.path) + ": " +
                           std::to_string(bytes) + " bytes could not be written to the store: " + std::strerror(error),
                       {}, i.i_sb.get());
}

namespace {

bool nothing_on_its_way(const kernel::inode& i) { return i.i_mapping.dirty.empty() && i.i_mapping.writeback.empty(); }

}  // namespace

/// The file's times and size in the store, now that the pages are there, or are lost.
sched::task<> page_cache::after_writepages(file_data& f, kernel::inode& i, int error) {
    if (error) {
        careful_until_ = sched_.now() + std::chrono::seconds{10};
        f.end_unsure = true;
    }
    if (nothing_on_its_way(i)) f.holds_bytes.reset();
    for (bool settled = false; !settled;) {
        co_await while_end_moves(f);
        const bool tell_times = f.times_pending && !error;
        if (!nothing_on_its_way(i) || !f.fd || !(tell_times || f.end_unsure)) break;
        settled = co_await settle(f, tell_times);
    }
    if (f.opens == 0 && f.fd && nothing_on_its_way(i)) {
        not_waiting(f);
        f.fd.reset();
    }
}

sched::task<> page_cache::while_end_moves(file_data& f) {
    while (f.changing == change::end) {
        sched::mark<"writeback: a truncation is under way">();
        co_await sched_.wait_on(&f.changing, "truncation");
    }
}

/// False: it was changed meanwhile.
sched::task<bool> page_cache::settle(file_data& f, bool tell_times) {
    const timespec mtime = f.mtime;
    const std::uint64_t before = f.owner->changes;
    auto utimens_call = calls_.data<struct stat>(
        "utimens",
        [fd = f.fd, io = &io_, mtime, tell_times](struct stat& st) {
            const timespec times[2] = {{0, UTIME_OMIT}, mtime};
            const int failed = tell_times ? -io->futimens(fd->get(), times) : 0;
            const int err = -io->fstat(fd->get(), st);
            return failed ? failed : err;
        },
        f.path.c_str());
    const auto got = co_await utimens_call;
    if (got.err) {
        ++silent_failures_;
        co_return true;
    }
    f.store_ctime = got.out.st_ctim;
    if (f.owner->changes != before || f.changing == change::end) {
        sched::mark<"writeback: the file was changed while its times were told">();
        co_return false;
    }
    ++f.owner->changes;
    if (tell_times) f.times_pending = false;
    // What could not be written is not there: the file ends where the store says.
    if (std::exchange(f.end_unsure, false)) {
        sched::mark<"writeback: the file ends where the store says">();
        end_at(f, got.out.st_size);
    }
    co_return true;
}

}  // namespace drainlab::storage
