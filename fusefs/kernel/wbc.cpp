// One round of writeback and the votes it collects (fs/fs-writeback.c: wbc_*).
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/isw.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

task<> wbc_attach_fdatawrite_inode(writeback_control& wbc, inode& i, const memcg_ptr& m) {
    inode_attach_wb(i, m);
    bdi_writeback& wb = *i.i_wb;
    wb_get(wb);
    wbc.wb = &wb;
    wbc.inode = &i;
    wbc.votes = {};
    wbc.votes.wb_id = wb.id();
    wbc.votes.wb_lcand_id = i.frn.winner;
    ++i.i_sb->h.writeback_rounds;
    // The wb is dying but its memcg is not: the blkcg association changed. Move on at once. (A dying memcg's inodes
    // wait for the offline cleanup: a new wb for it could not be made.)
    if (wb.dying && wb.cg->online()) co_await inode_switch_wbs(i, wb.id(), producer::blkcg);
}

void wbc_account_cgroup_owner(writeback_control& wbc, const folio& f, std::size_t bytes) {
    if (!wbc.wb || wbc.no_cgroup_owner) return;
    const memcg* owner = f.cg.get();
    while (owner && !owner->online()) owner = owner->parent.get();  // folios of a dead memcg were reparented
    if (owner) wbc.votes.account(owner->id, bytes);
}

task<> wbc_detach_inode(writeback_control& wbc) {
    if (!wbc.wb) co_return;
    bdi_writeback& wb = *std::exchange(wbc.wb, nullptr);
    inode& i = *wbc.inode;
    frn_memory memory = i.frn;
    const frn_verdict verdict = frn_detach(memory, wbc.votes, wb.avg_write_bandwidth);
    if (verdict.wants_switch) co_await inode_switch_wbs(i, verdict.winner, producer::vote);
    i.frn = memory;  // lossy races with other rounds are accepted
    wb_put(wb);
}

task<int> filemap_fdatawrite_range(inode& i, pgoff_t first, pgoff_t last, const memcg_ptr& m) {
    const auto dirty = i.i_mapping.dirty.lower_bound(first);
    if (dirty == i.i_mapping.dirty.end() || *dirty > last) co_return 0;  // nothing to write: no round
    writeback_control wbc;
    wbc.sync_all = true;
    wbc.first = first;
    wbc.last = last;
    iget(i);
    co_await wbc_attach_fdatawrite_inode(wbc, i, m);
    const int ret = co_await i.i_sb->ops.writepages(i, wbc);
    co_await wbc_detach_inode(wbc);
    co_await iput(i);
    co_return ret;
}

}  // namespace drainlab::kernel
