#include "fusefs/gate/sweep.hpp"

#include "fusefs/gate/calls.hpp"
#include "fusefs/gate/small_thread.hpp"

#include <algorithm>
#include <unistd.h>

namespace drainlab::gate {

void sweep::begin(std::vector<held_superblock> over) {
    if (going_on()) return;
    std::erase_if(over, [this](const held_superblock& h) {
        return std::any_of(hanging_.begin(), hanging_.end(),
                           [&](const auto& round) { return round->over[round->at].mount == h.mount; });
    });
    current_.reset();
    if (over.empty()) return;
    const auto round = std::make_shared<sweep_round>();
    round->over = std::move(over);
    round->tag = ++last_tag_;
    seen_at_ = 0;
    const bool started = start_small_thread([round, this] {
        round->tid = gettid();
        on_start_(*round);
        for (std::size_t i = 0; i < round->over.size(); ++i) {
            round->at = i;
            if (round->abandoned) break;           // set before `at` is read: what is reported is what it hangs at
            (void)call_ustat(round->over[i].dev);  // a superblock that is gone is none of ours
        }
        on_end_(*round);
        round->done = true;
    });
    if (started) current_ = round;  // else the next round is tried in its time
}

const std::vector<std::shared_ptr<sweep_round>>& sweep::look() {
    std::erase_if(hanging_, [](const auto& round) { return round->done.load(); });
    if (going_on() && current_->tid != 0) {
        const std::size_t at = current_->at;
        if (at == seen_at_ && !current_->done) {
            current_->abandoned = true;
            hanging_.push_back(current_);
            current_.reset();
        }
        seen_at_ = at;
    }
    return hanging_;
}

}  // namespace drainlab::gate
