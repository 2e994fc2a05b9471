// What files in use are called.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/filesystem.hpp"

namespace drainlab::storage {

namespace {

struct renamed {
    std::vector<std::pair<ino_t, std::string>> files;  ///< and their paths now
    bool directory{};                                  ///< one was among them: others have another path, too
};

}  // namespace

sched::task<int> filesystem::rename(node& from, std::string name, node& to, std::string new_name, unsigned flags) {
    auto rename_call = calls_->names<renamed>(
        "rename",
        [&from, name, &to, new_name, flags](directory_store& s, renamed& out) {
            std::array<node*, 2> moved{};
            const int err = s.rename(from, name.c_str(), to, new_name.c_str(), flags, &moved);
            for (const node* f : moved) {
                if (f && S_ISREG(f->type)) out.files.emplace_back(f->ino, path_in_mount(*f));
                if (f && S_ISDIR(f->type)) out.directory = true;
            }
            return err;
        },
        name.c_str());
    rename_call.may_be_withdrawn = true;
    auto got = co_await rename_call;
    for (auto& [ino, path] : got.out.files) {
        const auto at = sb_->s_inodes.find(ino);
        if (at == sb_->s_inodes.end()) continue;
        if (const auto d = std::static_pointer_cast<file_data>(at->second->fs_private)) d->path = std::move(path);
    }
    if (got.out.directory && !calls_->at_once()) co_await learn_paths();
    co_return got.err;
}

/// A directory was moved: what files in use are called now.
sched::task<> filesystem::learn_paths() {
    std::vector<std::shared_ptr<file_data>>
        files;  // these keep their nodes, until an unref() that comes after this call
    for (const auto& [ino, inode] : sb_->s_inodes) {
        const auto d = std::static_pointer_cast<file_data>(inode->fs_private);
        if (d && (d->opens > 0 || d->unwritten_pages())) files.push_back(d);
    }
    if (files.empty()) co_return;
    auto paths_call = calls_->names<std::vector<std::string>>("paths of files", [files](directory_store&, auto& paths) {
        for (const auto& d : files) paths.push_back(path_in_mount(*d->owner));
        return 0;
    });
    auto got = co_await paths_call;
    for (std::size_t k = 0; k < got.out.size(); ++k)
        if (!got.out[k].empty()) files[k]->path = std::move(got.out[k]);
}

}  // namespace drainlab::storage
