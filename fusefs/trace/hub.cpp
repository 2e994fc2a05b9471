#include "fusefs/trace/hub.hpp"

#include "fusefs/os/printable.hpp"

#include <chrono>
#include <cstdio>
#include <vector>

namespace drainlab::trace {
namespace {

void append_string(std::string& out, const std::string& s) {
    out += '"';
    for (const char c : s) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", byte);
            out += code;
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_value(std::string& out, const std::string& key, std::int64_t value) {
    if (key.empty()) return;
    out += ',';
    append_string(out, key);
    out += ':';
    out += std::to_string(value);
}

}  // namespace

std::string to_json(const event& e) {
    std::string out = "{\"t_ns\":" + std::to_string(e.t_ns) + ",\"event\":";
    append_string(out, e.name);
    out += ",\"n\":" + std::to_string(e.number);
    if (!e.mount.empty()) {
        out += ",\"mount\":";
        append_string(out, os::to_printable(e.mount));  // names may hold any byte
    }
    append_value(out, e.key1, e.value1);
    append_value(out, e.key2, e.value2);
    if (!e.text.empty()) {
        out += ",\"text\":";
        append_string(out, os::to_line(e.text));
    }
    out += '}';
    return out;
}

hub::subscription& hub::subscription::operator=(subscription&& o) noexcept {
    if (this != &o) {
        cancel();
        hub_ = std::move(o.hub_);
        id_ = o.id_;
    }
    return *this;
}

void hub::subscription::cancel() {
    if (const auto h = hub_.lock()) (*h)->listeners_.erase(id_);
    hub_.reset();
}

void hub::emit(event e) {
    e.number = ++last_number_;
    if (e.t_ns == 0) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        e.t_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    }
    ring_.push_back(std::move(e));
    if (ring_.size() > ring_limit_) ring_.pop_front();
    if (listeners_.empty()) return;
    const event told = ring_.back();             // a listener may emit, which moves the ring
    std::vector<std::shared_ptr<listener>> now;  // and may subscribe or leave
    now.reserve(listeners_.size());
    for (const auto& [id, l] : listeners_) now.push_back(l);
    for (const auto& l : now) (*l)(told);
}

hub::subscription hub::subscribe(listener l) {
    const auto id = ++last_id_;
    listeners_.emplace(id, std::make_shared<listener>(std::move(l)));
    return {self_, id};
}

}  // namespace drainlab::trace
