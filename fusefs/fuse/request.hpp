// One FUSE request: answered exactly once, whatever happens to whoever works on it. Private to fusefs/fuse.
#pragma once
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

namespace drainlab::fuse {

/// The requests of one session that have not been answered.
class request_list;

/// Answers EIO when it goes unanswered. Each reply returns 0, or what libfuse says
/// (the caller is gone, and nothing of the answer was taken); of several the first
/// counts, as when the session has answered for it because it ends. Thread: loop.
class request {
  public:
    request(request_list& all, fuse_req_t req) noexcept;
    request(request&& o) noexcept;
    request& operator=(request&&) = delete;
    ~request();

    const fuse_ctx& caller() const noexcept { return caller_; }
    /// The fiber of whoever works on it.
    void worked_on_by(std::uint64_t fiber) noexcept { fiber_ = fiber; }
    std::uint64_t worker() const noexcept { return fiber_; }
    bool answered() const noexcept { return req_ == nullptr; }
    /// Whoever answers it otherwise; null if it is answered.
    fuse_req_t take() noexcept;

    int error(int err) { return reply(fuse_reply_err, err); }
    int attr(const struct stat& st, double timeout) { return reply(fuse_reply_attr, &st, timeout); }
    int entry(const fuse_entry_param& e) { return reply(fuse_reply_entry, &e); }
    int opened(const fuse_file_info& fi) { return reply(fuse_reply_open, &fi); }
    int created(const fuse_entry_param& e, const fuse_file_info& fi) { return reply(fuse_reply_create, &e, &fi); }
    int link(const char* target) { return reply(fuse_reply_readlink, target); }
    int written(std::size_t n) { return reply(fuse_reply_write, n); }
    int bytes(const char* data, std::size_t n) { return reply(fuse_reply_buf, data, n); }
    int pages(const std::vector<iovec>& iov) {
        if (iov.empty()) return bytes(nullptr, 0);
        if (iov.size() == 1) return bytes(static_cast<const char*>(iov[0].iov_base), iov[0].iov_len);  // no copy of iov
        return reply(fuse_reply_iov, iov.data(), static_cast<int>(iov.size()));
    }
    int size(std::size_t n) { return reply(fuse_reply_xattr, n); }
    int offset(off_t off) { return reply(fuse_reply_lseek, off); }
    int statfs(const struct statvfs& st) { return reply(fuse_reply_statfs, &st); }
    void nothing() {
        if (const auto r = take()) fuse_reply_none(r);
    }

  private:
    friend class request_list;
    template <class F, class... Args>
    int reply(F f, Args... args) {
        const auto r = take();
        return r ? f(r, args...) : -ENOENT;
    }
    void link_in(request_list& all) noexcept;
    void unlink() noexcept;

    request_list* list_{};
    request *before_{}, *after_{};
    fuse_req_t req_{};
    fuse_ctx caller_{};
    std::uint64_t fiber_{};
};

/// Linked through the requests: adding and removing one allocates nothing. Thread: loop.
class request_list {
  public:
    request_list() = default;
    request_list(const request_list&) = delete;
    request_list& operator=(const request_list&) = delete;
    ~request_list() { answer_all(EIO); }
    void answer_all(int err) {
        while (first_) first_->error(err);
    }
    /// The one that came last, if it is `req` and not answered; else null.
    request* newest(fuse_req_t req) const noexcept { return first_ && first_->req_ == req ? first_ : nullptr; }

  private:
    friend class request;
    request* first_{};
};

}  // namespace drainlab::fuse
