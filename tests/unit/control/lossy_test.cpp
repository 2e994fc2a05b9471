// A mount that loses what nobody has synced: written through its connection, cut, and flushed at the daemon's end.
#include "tests/own_folder.hpp"
#include "tests/unit/control/daemon_world.hpp"

#include <catch2/catch.hpp>

#include <linux/fuse.h>

#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>

using namespace drainlab::control;
using namespace drainlab::control::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

template <class T>
std::string bytes_of(const T& t) {
    return {reinterpret_cast<const char*>(&t), sizeof t};
}

/// A mount with a store of its own directory.
struct lossy : daemon_world {
    const drainlab::tests::own_folder own;
    const std::string& store = own.dir;

    explicit lossy(bool lose = true) {
        auto r = request_on("/proc", "a");
        r.store = store;
        r.lose_unsynced = lose;
        mounted("a", r);
    }

    connection::answer asked(std::uint32_t opcode, std::uint64_t node, const std::string& body) {
        auto& kernel = line.at(1);
        const auto number = kernel.ask(opcode, node, body);
        connection::answer said;
        until([&] { return (said = kernel.hear()).number == number; });
        return said;
    }
    void write(const std::string& name, const std::string& text) {
        fuse_create_in create{};
        create.flags = O_RDWR | O_CREAT;
        create.mode = S_IFREG | 0644;
        const auto made = asked(FUSE_CREATE, FUSE_ROOT_ID, bytes_of(create) + name + '\0');
        REQUIRE(made.error == 0);
        fuse_entry_out entry{};
        fuse_open_out open{};
        std::memcpy(&entry, made.body.data(), sizeof entry);
        std::memcpy(&open, made.body.data() + sizeof entry, sizeof open);
        fuse_write_in in{};
        in.fh = open.fh;
        in.size = static_cast<std::uint32_t>(text.size());
        REQUIRE(asked(FUSE_WRITE, entry.nodeid, bytes_of(in) + text).error == 0);
    }
    std::string stored(const std::string& name) const {
        std::ifstream in{store + "/" + name};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
};

}  // namespace

TEST_CASE("a power cut drops what was written and not synced, and says what", "[lossy]") {
    lossy w;
    w.write("f", "precious");
    CHECK(w.mounts->view("a")->dirty_bytes == 4096);
    REQUIRE(w.mounts->unwritten().size() == 1);
    CHECK(w.mounts->unwritten()[0].path == "/f");
    CHECK(w.ask("POST", "/mounts/a/power_cut", {{"softly", true}})["error"]["code"] == "bad_request");
    const json cut = w.ask("POST", "/mounts/a/power_cut");
    CHECK(w.status == 200);
    CHECK(cut["files"] == json::array({{{"path", "/f"}, {"bytes", 8}}}));
    CHECK(cut["dropped_bytes"] == 8);
    CHECK(w.stored("f").empty());
    CHECK(w.mounts->unwritten().empty());
    CHECK(w.ask("GET", "/mounts/a")["unsynced"]["power_cuts"] == 1);
}

TEST_CASE("only a mount that was made to lose can be cut", "[lossy]") {
    lossy w{false};
    CHECK(w.ask("POST", "/mounts/a/power_cut")["error"]["code"] == "not_lossy");
}

TEST_CASE("at the daemon's end all that was written goes to its store", "[lossy]") {
    lossy w;
    w.write("f", "precious");
    bool over = false;
    w.mounts->flush(60s, [&] { over = true; });
    w.until([&] { return over; });
    CHECK(w.stored("f") == "precious");
    CHECK(w.mounts->unwritten().empty());
    CHECK(w.mounts->stopping());
}

TEST_CASE("an unmount syncs first, and a cut that comes too late says so", "[lossy]") {
    lossy w;
    w.write("f", "precious");
    w.mounts->hold(*w.mounts->find("a"), hold_request{60s, false, false});
    w.mounts->unmount(*w.mounts->find("a"), false, false, [](int) {});
    w.until([&] { return w.mounts->find("a")->phase_ns(phase::drain_begins) != 0; });
    CHECK(w.ask("POST", "/mounts/a/faults", {{"op", "read"}, {"delay_us", 5}})["error"]["code"] == "busy");
    w.send("POST", "/mounts/a/power_cut", "");
    w.mounts->hold(*w.mounts->find("a"), std::nullopt);
    w.until([&] { return w.reply.has_value(); });
    CHECK(json::parse(w.reply->body)["error"]["code"] == "busy");
    w.gone(1);
    CHECK(w.stored("f") == "precious");
}
