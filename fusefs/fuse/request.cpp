#include "fusefs/fuse/request.hpp"

#include <cerrno>

namespace drainlab::fuse {

request::request(request_list& all, fuse_req_t req) noexcept : req_{req}, caller_{*fuse_req_ctx(req)} { link_in(all); }

request::request(request&& o) noexcept : caller_{o.caller_} {
    if (!o.req_) return;
    request_list& all = *o.list_;
    req_ = o.take();
    link_in(all);
}

request::~request() { error(EIO); }

void request::link_in(request_list& all) noexcept {
    list_ = &all;
    after_ = all.first_;
    if (after_) after_->before_ = this;
    all.first_ = this;
}

void request::unlink() noexcept {
    (before_ ? before_->after_ : list_->first_) = after_;
    if (after_) after_->before_ = before_;
    before_ = after_ = nullptr;
}

fuse_req_t request::take() noexcept {
    if (!req_) return nullptr;
    unlink();
    return std::exchange(req_, nullptr);
}

}  // namespace drainlab::fuse
