#include "controller/result/file.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace drainlab::report;
namespace fs = std::filesystem;

namespace {

struct folder : drainlab::tests::own_folder {
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir), fs::directory_iterator{}));
    }
};

std::string text_of(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
}

}  // namespace

TEST_CASE("a file is written whole, and what stood there keeps its permissions and its link", "[file]") {
    const folder f;
    const auto file = f.dir + "/a.json";
    CHECK(write_file(file, "one").empty());
    CHECK(text_of(file) == "one");
    chmod(file.c_str(), 0640);
    fs::create_symlink("a.json", f.dir + "/link");
    CHECK(write_file(f.dir + "/link", "two").empty());
    CHECK(text_of(file) == "two");
    CHECK(fs::is_symlink(f.dir + "/link"));
    struct stat st {};
    stat(file.c_str(), &st);
    CHECK((st.st_mode & 07777) == 0640);
    CHECK(f.entries() == 2);
}

TEST_CASE("what cannot be written is named, and nothing is left behind", "[file]") {
    const folder f;
    CHECK(write_file(f.dir + "/no/such.json", "x") == f.dir + "/no/such.json: No such file or directory");
    CHECK(write_file(f.dir, "x") == f.dir + ": Is a directory");
    CHECK(check_writable(f.dir) == f.dir + ": Is a directory");
    CHECK(check_writable(f.dir + "/no/such.json") == f.dir + "/no/such.json: No such file or directory");
    CHECK(check_writable(f.dir + "/new.json").empty());
    CHECK(f.entries() == 0);
    CHECK(write_file("/dev/full", "x") == "/dev/full: No space left on device");
    CHECK(write_file("/dev/null", "x").empty());
}
