// Requests as bytes: what they are, on what, under which name.
#include "fusefs/fuse/raw_request.hpp"

#include <catch2/catch.hpp>

#include <linux/fuse.h>

#include <cstring>
#include <string>
#include <vector>

using namespace drainlab;
using fault::operation;

namespace {

void put(std::string& body, const std::string& text) { body += text; }
template <class T>
void put(std::string& body, const T& part) {
    body.append(reinterpret_cast<const char*>(&part), sizeof part);
}

template <class... Parts>
std::vector<char> request(std::uint32_t opcode, const Parts&... parts) {
    std::string body;
    (put(body, parts), ...);
    fuse_in_header header{};
    header.len = static_cast<std::uint32_t>(sizeof header + body.size());
    header.opcode = opcode;
    header.unique = 77;
    header.nodeid = 5;
    header.pid = 1234;
    std::vector<char> bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
}

fuse::raw_request look(const std::vector<char>& bytes) {
    const auto r = fuse::look_at_request(bytes.data(), bytes.size());
    REQUIRE(r);
    return *r;
}

const std::string name{"file\0", 5};

}  // namespace

TEST_CASE("Each request is known by its operation, and by its name where it has one", "[request]") {
    const auto is = [](const std::vector<char>& bytes, operation op, std::string_view called) {
        const auto r = look(bytes);
        CHECK(r.op == op);
        CHECK(r.name == called);
        CHECK((r.unique == 77 && r.node == 5 && r.tid == 1234));
    };
    is(request(FUSE_LOOKUP, name), operation::lookup, "file");
    is(request(FUSE_GETATTR, fuse_getattr_in{}), operation::getattr, "");
    is(request(FUSE_SYMLINK, name, std::string{"target\0", 7}), operation::symlink, "file");
    is(request(FUSE_MKNOD, fuse_mknod_in{}, name), operation::mknod, "file");
    is(request(FUSE_MKDIR, fuse_mkdir_in{}, name), operation::mkdir, "file");
    is(request(FUSE_UNLINK, name), operation::unlink, "file");
    is(request(FUSE_RMDIR, name), operation::rmdir, "file");
    is(request(FUSE_RENAME, fuse_rename_in{}, name, std::string{"new\0", 4}), operation::rename, "file");
    is(request(FUSE_RENAME2, fuse_rename2_in{}, name, std::string{"new\0", 4}), operation::rename, "file");
    is(request(FUSE_LINK, fuse_link_in{}, name), operation::link, "file");
    is(request(FUSE_CREATE, fuse_create_in{}, name), operation::create, "file");
    is(request(FUSE_READDIRPLUS, fuse_read_in{}), operation::readdir, "");
    is(request(FUSE_STATFS), operation::statfs, "");
}

TEST_CASE("A change of the size is a truncation, whatever else it changes", "[request]") {
    fuse_setattr_in in{};
    in.valid = FATTR_MODE;
    CHECK(look(request(FUSE_SETATTR, in)).op == operation::setattr);
    in.valid |= FATTR_SIZE;
    CHECK(look(request(FUSE_SETATTR, in)).op == operation::truncate);
}

TEST_CASE("What keeps the mount going is nothing that a fault can be about", "[request]") {
    for (const auto opcode : {FUSE_INIT, FUSE_DESTROY, FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_NOTIFY_REPLY})
        CHECK(!look(request(opcode, fuse_forget_in{})).op);
    const auto r = look(request(FUSE_INTERRUPT, fuse_interrupt_in{99}));
    CHECK(!r.op);
    CHECK(r.interrupts == 99u);
}

TEST_CASE("Whatever is cut off is not read", "[request]") {
    auto bytes = request(FUSE_RENAME2, fuse_rename2_in{}, name);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const std::vector<char> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const auto r = fuse::look_at_request(part.data(), part.size());
        CHECK(r.has_value() == (size >= sizeof(fuse_in_header)));
        if (r) CHECK(r->name.size() <= 4);
    }
}

TEST_CASE("A write of fewer bytes says so in both places that count them", "[request]") {
    fuse_write_in in{};
    in.size = 10;
    auto bytes = request(FUSE_WRITE, in, std::string{"0123456789"});
    CHECK(look(bytes).bytes == 10);
    SECTION("shorter") {
        const auto size = fuse::shorten_write(bytes.data(), bytes.size(), 3);
        CHECK(size == sizeof(fuse_in_header) + sizeof in + 3);
        CHECK(look(bytes).bytes == 3);
        fuse_in_header header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        CHECK(header.len == size);
    }
    SECTION("not longer") {
        CHECK(fuse::shorten_write(bytes.data(), bytes.size(), 10) == bytes.size());
        CHECK(fuse::shorten_write(bytes.data(), bytes.size(), 11) == bytes.size());
        CHECK(look(bytes).bytes == 10);
    }
}
