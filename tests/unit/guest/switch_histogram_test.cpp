#include "workloads/guest/switch_histogram.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::guest;

TEST_CASE("switches are counted by who asked for them", "[guest][trace]") {
    const auto c = read_switch_histogram(
        "# event histogram\n#\n# trigger info: hist:keys=__probe_ret_ip.sym:vals=hitcount if ok==1 [active]\n#\n\n"
        "{ __probe_ret_ip: [ffffffff813f5a1e] inode_switch_wbs                             } hitcount:        158\n"
        "{ __probe_ret_ip: [ffffffff813f5b2e] cleanup_offline_cgwb                         } hitcount:          3\n"
        "{ __probe_ret_ip: [ffffffff813f5b3e] isw_prepare_wbs_switch                       } hitcount:          4\n"
        "{ __probe_ret_ip: [ffffffff8106a0f0] arch_rethook_trampoline                      } hitcount:          9\n"
        "\nTotals:\n    Hits: 174\n    Entries: 4\n    Dropped: 0\n");
    CHECK(c.by_vote == 158);
    CHECK(c.by_offline == 7);
    CHECK(c.by_other == 9);
}

TEST_CASE("a histogram that is empty or cut off counts nothing", "[guest][trace]") {
    for (const auto* text :
         {"", "Totals:\n", "{ __probe_ret_ip: [ffff] inode_switch_wbs } hitc", "{ __probe_ret_ip: } hitcount:"}) {
        const auto c = read_switch_histogram(text);
        CHECK(c.by_vote + c.by_offline + c.by_other == 0);
    }
}
