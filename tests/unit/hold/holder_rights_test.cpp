// Holders where one may not mount, or not write.
#include "tests/unit/hold/held_place.hpp"

#include <catch2/catch.hpp>

#include <linux/capability.h>
#include <sys/syscall.h>

#include <filesystem>
#include <fstream>

using namespace drainlab;
using namespace drainlab::hold;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// From now on this process may do no more than anybody.
void give_up_rights() {
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    if (syscall(SYS_capset, &head, none) != 0) throw std::runtime_error{"capset"};
}

}  // namespace

TEST_CASE("who may not mount can hold by what needs no right, or is told what does", "[hold]") {
    const place p;
    auto seen = p.seen([&]() -> json {
        give_up_rights();
        json s;
        for (const auto k : {kind::fd, kind::cwd, kind::root, kind::mount_ns, kind::bind, kind::nested}) {
            auto h = holder::take(k, p.held.dir);
            s[std::string(name_of(k))] = h ? told(h.value().verify()) : told(h.error());
        }
        s["nothing_made"] = p.nothing_made();
        return s;
    });
    if (!seen) return;
    CAPTURE(seen->dump(1));
    const json unasked{{"asked", false}, {"busy", false}, {"seen", true}};
    CHECK((*seen)["fd"] == unasked);
    CHECK((*seen)["cwd"] == unasked);
    for (const auto* name : {"root", "namespace"})  // in a user namespace, where there may be one
        CHECK(((*seen)[name] == unasked || (*seen)[name]["exit"] == 4));
    for (const auto* name : {"bind", "nested"}) {
        CHECK((*seen)[name]["exit"] == 4);
        CHECK((*seen)[name]["hint"] ==
              "--by " + std::string(name) + " needs root here, or a user namespace: unshare -Urm");
    }
    CHECK((*seen)["bind"]["message"] == "bind mount of " + p.held.dir + ": Operation not permitted");
    CHECK(
        (*seen)["nested"]["message"].get<std::string>().starts_with("mount a tmpfs on " + p.held / ".drainlab-hold-"));
    CHECK((*seen)["nothing_made"] == true);
    CHECK(p.nothing_left());
}

TEST_CASE("a read-only mount is held by what is on it", "[hold]") {
    const place p;
    const bool has_any = GENERATE(true, false);
    auto seen = p.seen([&]() -> json {
        if (has_any) {
            fs::create_directory(p.held / "directory");
            std::ofstream{p.held / "file"} << std::string(8192, 'x');
        }
        if (mount(nullptr, p.held.dir.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) return "no remount";
        json s;
        for (const auto k : {kind::nested, kind::mmap}) {
            auto h = holder::take(k, p.held.dir);
            s[std::string(name_of(k))] = h ? told(h.value().verify()) : told(h.error());
        }
        return s;
    });
    if (!seen) return;
    CAPTURE(seen->dump(1));
    const json fine{{"asked", true}, {"busy", true}, {"seen", true}};
    for (const auto* name : {"nested", "mmap"})
        if (has_any)
            CHECK((*seen)[name] == fine);
        else
            CHECK((*seen)[name]["exit"] == 4);
    if (has_any) return;
    CHECK((*seen)["nested"]["message"] ==
          "make a directory to mount on in " + p.held.dir + " (and it has none): Read-only file system");
    CHECK((*seen)["mmap"]["message"] ==
          "make a file in " + p.held.dir + " (and it has none to read): Read-only file system");
}
