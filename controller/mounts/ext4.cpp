#include "controller/machine/program.hpp"
#include "controller/mounts/mountable.hpp"

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace drainlab::mounts {

namespace {

constexpr off_t image_size = 16 << 20;

client::failure cannot(const std::string& what, const machine::program_end& end) {
    return {"no_ext4", what + " ended with " + std::to_string(end.status) + ": " + end.output,
            "ext4 needs root, a loop device and mkfs.ext4 (e2fsprogs); leave it out of --mounts otherwise",
            client::exit_code::cannot_run, 0};
}

/// One image per store directory, made once.
class ext4 final : public mountable {
  public:
    std::string name() const override { return "ext4"; }

    client::result<made> mount(const std::string& dir, const std::string& store) override {
        const std::string image = store + ".img";
        std::error_code ec;
        if (!std::filesystem::exists(image, ec)) { BOOST_OUTCOME_TRYV(format(image)); }
        BOOST_OUTCOME_TRY(auto end, machine::run_program({"mount", "-t", "ext4", "-o", "loop", image, dir}));
        if (end.status != 0) return cannot("mount -o loop " + image, end);
        return made{dir, {}, {}};
    }
    client::result<void> wait_dead(const made&, std::chrono::milliseconds) override { return client::success(); }

  private:
    static client::result<void> format(const std::string& image) {
        const int fd = open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        const bool sized = fd >= 0 && ftruncate(fd, image_size) == 0;
        const int error = errno;
        if (fd >= 0) close(fd);
        if (!sized) return client::system_failure("make " + image, error, client::exit_code::cannot_run);
        BOOST_OUTCOME_TRY(auto end, machine::run_program({"mkfs.ext4", "-q", "-F", image}));
        if (end.status == 0) return client::success();
        unlink(image.c_str());
        return cannot("mkfs.ext4 " + image, end);
    }
};

}  // namespace

std::unique_ptr<mountable> make_ext4() { return std::make_unique<ext4>(); }

}  // namespace drainlab::mounts
