#include "fusefs/gate/protocol.hpp"

#include <cstring>

namespace drainlab::gate {
namespace {

struct request_header {
    std::uint32_t magic{protocol_magic};
    command op{};
    std::uint8_t unused{};
    std::uint16_t path_length{};
    std::uint32_t mount{};
    std::uint32_t flags{};
    std::uint64_t tag{};
    std::uint64_t dev{};
    std::int32_t tid{};
    std::uint32_t unused2{};
};
static_assert(sizeof(request_header) == 40);

}  // namespace

std::string encode(const request& r) {
    request_header header;
    header.op = r.op;
    header.path_length = static_cast<std::uint16_t>(r.path.size());
    header.mount = r.mount;
    header.flags = r.flags;
    header.tag = r.tag;
    header.dev = r.dev;
    header.tid = r.tid;
    std::string bytes(sizeof header, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes + r.path;
}

std::optional<request> decode_request(std::string_view bytes) {
    request_header header;
    if (bytes.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, bytes.data(), sizeof header);
    const bool known = header.op >= command::arm && header.op <= command::umount;
    if (header.magic != protocol_magic || !known || bytes.size() != sizeof header + header.path_length)
        return std::nullopt;
    return request{header.op,  header.mount, header.tag,
                   header.dev, header.flags, std::string{bytes.substr(sizeof header)},
                   header.tid};
}

std::optional<report> decode_report(std::string_view bytes) {
    report r;
    if (bytes.size() != sizeof r) return std::nullopt;
    std::memcpy(&r, bytes.data(), sizeof r);
    const bool known = r.kind >= report_kind::hello && r.kind <= report_kind::stuck;
    if (r.magic != protocol_magic || !known) return std::nullopt;
    return r;
}

}  // namespace drainlab::gate
