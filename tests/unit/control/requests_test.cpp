#include "fusefs/control/requests.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;

namespace {
std::string error_of(std::string_view body) {
    const auto r = parse_mount_request(body);
    REQUIRE_FALSE(r.has_value());
    CHECK(r.assume_error().status == 400);
    return r.assume_error().message;
}
}  // namespace

TEST_CASE("a mount request is read", "[control]") {
    const auto r =
        parse_mount_request(R"({"dir":"/mnt//a/./c/","name":"x","policy":"persb","store":"/s","page_cache":"keep",
        "umount_delay_ms":250,"umount_wait":"gate","allow_other":false,"options":["ro","nosuid"],"with_pid":1,"bdi":"disk",
        "dirty_limit_bytes":1,"cache_limit_bytes":2,"device":{"latency_us":10,"iops":5}})");
    REQUIRE(r.has_value());
    const auto& m = r.assume_value();
    CHECK(m.dir == "/mnt/a/c");
    CHECK(m.name == "x");
    CHECK(m.policy == "persb");
    CHECK(m.store == "/s");
    CHECK(m.keep_pages == true);
    CHECK(m.umount_delay.count() == 250);
    CHECK(m.wait == umount_wait::gate);
    CHECK(m.allow_other == false);
    CHECK(m.options == std::vector<std::string>{"ro", "nosuid"});
    CHECK(m.with_pid == 1);
    CHECK(m.bdi == "disk");
    CHECK(m.dirty_limit_bytes == 1u);
    CHECK(m.device.latency_us == 10);
    CHECK(m.device.bandwidth_bytes_per_s == 0);
    CHECK(m.device.iops == 5);
}

TEST_CASE("what is not given, or null, is left to the daemon", "[control]") {
    const auto r = parse_mount_request(R"({"dir":"/a","allow_other":null,"store":null})");
    REQUIRE(r.has_value());
    CHECK_FALSE(r.assume_value().allow_other.has_value());
    CHECK_FALSE(r.assume_value().store.has_value());
    CHECK_FALSE(r.assume_value().policy.has_value());
    CHECK(r.assume_value().name.empty());
}

TEST_CASE("a wrong mount request is refused, and what is wrong is named", "[control]") {
    CHECK(error_of("") == "'dir' is missing");
    CHECK(error_of("nonsense").find("the body is not JSON: line 1, column 2: ") == 0);
    CHECK(error_of(std::string(90'000, '[')).find("the body is not JSON: line 1, column 65: ") == 0);
    CHECK(error_of("{\"dir\":\"/\xff\"}").find("the body is not JSON: line 1") == 0);
    CHECK(error_of("[1]") == "the body must be a JSON object");
    CHECK(error_of(R"({"dir":"relative"})").find("'dir' must be an absolute path") == 0);
    CHECK(error_of(R"({"dir":7})") == "'dir' must be a string");
    CHECK(error_of(R"({"dir":"/a","polycy":"base"})") == "unknown key 'polycy'");
    CHECK(error_of(R"({"dir":"/a","page_cache":"lose"})") == "'page_cache' is 'lose'; it must be drop or keep");
    CHECK(error_of(R"({"dir":"/a","umount_wait":"x"})") == "'umount_wait' is 'x'; it must be auto, gate or api");
    CHECK(error_of(R"({"dir":"/a","umount_delay_ms":-1})").find("'umount_delay_ms'") == 0);
    CHECK(error_of(R"({"dir":"/a","umount_delay_ms":60001})").find("'umount_delay_ms'") == 0);
    CHECK(error_of(R"({"dir":"/a","umount_delay_ms":1.5})").find("'umount_delay_ms'") == 0);
    CHECK(error_of(R"({"dir":"/a","options":["ro",1]})") == "'options' must be a list of strings");
    CHECK(error_of(R"({"dir":"/a","allow_other":"yes"})") == "'allow_other' must be true or false");
    CHECK(error_of(R"({"dir":"/a","name":"12"})").find("'name' is '12'") == 0);
    CHECK(error_of(R"({"dir":"/a","name":"a/b"})").find("'name'") == 0);
    CHECK(error_of(R"({"dir":"/a","device":{"latency":1}})") == "'device': unknown key 'latency'");
    CHECK(error_of("{\"dir\":\"/a\\u0000b\"}") == "'dir' must be a string");
}

TEST_CASE("holds above a minute need force", "[control]") {
    CHECK(parse_hold(R"({"for_ms":200})").assume_value().duration.count() == 200);
    CHECK(parse_hold(R"({"for_ms":60000,"every":true})").assume_value().every);
    CHECK_FALSE(parse_hold(R"({"for_ms":60001})").has_value());
    CHECK(parse_hold(R"({"for_ms":60001,"force":true})").has_value());
    CHECK(parse_hold("{}").assume_error().message == "'for_ms' is missing");
}

TEST_CASE("the small requests", "[control]") {
    CHECK(parse_umount("").has_value());
    CHECK(parse_umount(R"({"lazy":true})").assume_value().lazy);
    CHECK_FALSE(parse_umount(R"({"lazily":true})").has_value());
    CHECK(parse_policy(R"({"policy":"race"})").assume_value() == "race");
    CHECK_FALSE(parse_policy("{}").has_value());
    CHECK(parse_widen(R"({"point":"isw_pinned","for_us":7})").assume_value().width.count() == 7);
    CHECK(parse_stop("").assume_value().count() == 60'000);
    const auto p = parse_mount_patch(R"({"policy":"base","umount_delay_ms":1})");
    CHECK(p.assume_value().policy == "base");
    CHECK_FALSE(p.assume_value().device.has_value());
    CHECK_FALSE(parse_mount_patch(R"({"dir":"/x"})").has_value());
}

TEST_CASE("a device's cache flush and errors are read, and wrong ones named", "[control]") {
    const auto r = parse_mount_patch(
        R"({"device":{"flush_us":700,"errors":[{"op":"write","path":"/a/*","probability":0.1,"errno":"ENOSPC","seed":9},{}]}})");
    REQUIRE(r.has_value());
    const auto& d = *r.assume_value().device;
    CHECK(d.flush_us == 700);
    REQUIRE(d.errors.size() == 2);
    CHECK(d.errors[0].op == "write");
    CHECK(d.errors[0].path == "/a/*");
    CHECK(d.errors[0].probability == 0.1);
    CHECK(d.errors[0].error == "ENOSPC");
    CHECK(d.errors[0].seed == 9);
    CHECK(d.errors[1].op == "any");
    CHECK(d.errors[1].error == "EIO");
    CHECK(d.errors[1].probability == 1);
    const auto wrong = [](const char* rule) {
        return error_of((R"({"dir":"/a","device":{"errors":[)" + std::string{rule} + "]}}").c_str());
    };
    CHECK(wrong(R"({"op":"writ"})").find("'device': 'errors': 'op' is 'writ'; it must be one of any, read") == 0);
    CHECK(wrong(R"({"errno":"EWHAT"})").find("'device': 'errors': 'errno' is 'EWHAT'") == 0);
    CHECK(wrong(R"({"probability":1.5})") == "'device': 'errors': 'probability' must be a number from 0 to 1");
    CHECK(wrong(R"({"glob":"*"})") == "'device': 'errors': unknown key 'glob'");
    CHECK(wrong("7").find("'device': 'errors' must be a list of objects") == 0);
}

TEST_CASE("names are bytes in their printable spelling", "[control]") {
    const auto m = parse_mount_request(R"({"dir":"/a/\\xff\\x0ab\\\\","name":"n\\x1b","store":"/s\\xfe"})");
    REQUIRE(m.has_value());
    CHECK(m.assume_value().dir == "/a/\xff\nb\\");
    CHECK(m.assume_value().name == "n\x1b");
    CHECK(m.assume_value().store == "/s\xfe");
    for (const char* body : {R"({"dir":"/a\\b"})", R"({"dir":"/a\\x0"})", R"({"dir":"/a\\x00b"})",
                             R"({"dir":"/a/../b"})", R"({"dir":"/a","seen":7})", R"({"dir":"/a","seen":{"x":1}})"}) {
        CAPTURE(body);
        CHECK_FALSE(parse_mount_request(body).has_value());
    }
    const auto seen = parse_mount_request(R"({"dir":"/a","seen":{"unique_id":7,"mount_namespace":8,"inode":9}})");
    REQUIRE(seen.has_value());
    CHECK(seen.assume_value().seen->inode == 9);
    const auto more = parse_mount_request(
        R"({"dir":"/a","store":"/s","store_seen":{"inode":5},"with_pid":7,"with_pid_seen":{"start_time":3,"pid_namespace":4}})");
    REQUIRE(more.has_value());
    CHECK(more.assume_value().store_seen->inode == 5);
    CHECK(more.assume_value().with_pid_seen->pid == 7);
    CHECK(more.assume_value().with_pid_seen->start_time == 3);
    CHECK_FALSE(parse_mount_request(R"({"dir":"/a","with_pid":7,"with_pid_seen":{"pid":3}})").has_value());
}

TEST_CASE("A fault is read with all it says, and what contradicts itself is named", "[faults]") {
    const auto f = parse_fault(R"({"op":["read","write"],"path":"*.log","delay_us":1500,"errno":"ENOSPC","times":3,
                                   "after":1,"probability":0.5,"seed":9,"pid":77,"cgroup":"/sys/fs/cgroup/a/b/"})");
    REQUIRE(f.has_value());
    const auto& r = f.assume_value();
    CHECK(r.ops.count() == 2);
    CHECK(r.delay == std::chrono::microseconds{1500});
    CHECK(r.error == ENOSPC);
    CHECK(r.cgroup == "/a/b");
    CHECK((r.times == 3u && r.after == 1 && r.seed == 9 && r.pid == 77));
    CHECK(parse_fault(R"({"op":"open","hang":true})").assume_value().hang == std::chrono::seconds{30});
    CHECK(parse_fault(R"({"torn_write":0})").assume_value().ops.count() == 1);
    CHECK(parse_fault(R"({"drop_fsync":true})").assume_value().ops.count() == 2);
    const auto refused = [](const char* body, const char* word) {
        const auto wrong = parse_fault(body);
        REQUIRE(!wrong.has_value());
        CHECK(wrong.assume_error().status == 400);
        CHECK((wrong.assume_error().message + wrong.assume_error().hint).find(word) != std::string::npos);
    };
    refused("{}", "delay, hang, errno");
    refused(R"({"op":"forget","errno":"EIO"})", "'op' is 'forget'");
    refused(R"({"op":[],"errno":"EIO","limit_ms":3})", "'limit_ms'");
    refused(R"({"errno":"ENOSYS"})", "ENOSYS");
    refused(R"({"errno":"EIO","name":"a/b"})", "'name'");
    refused(R"({"delay_us":60000001})", "'delay_us'");
    refused(R"({"errno":"EIO","paht":"*"})", "paht");
    refused(R"({"errno":"EIO","op":3})", "'op'");
}

TEST_CASE("A mount may begin with faults; two of one name are refused", "[faults]") {
    const auto m = parse_mount_request(R"({"dir":"/m","faults":[{"errno":"EIO"},{"op":"read","hang":true}]})");
    REQUIRE(m.has_value());
    CHECK(m.assume_value().faults.size() == 2);
    for (const char* faults : {R"([{"errno":"EIO","name":"a"},{"errno":"EIO","name":"a"}])", R"([{}])", R"({})", "[1]"})
        CHECK(!parse_mount_request(std::string{R"({"dir":"/m","faults":)"} + faults + "}").has_value());
}
