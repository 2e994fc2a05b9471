#include "controller/result/file.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace drainlab::report;
namespace fs = std::filesystem;

namespace {

struct folder {
    folder() {
        char name[] = "/tmp/drainlab-file-XXXXXX";
        REQUIRE(mkdtemp(name));
        path = name;
    }
    ~folder() { fs::remove_all(path); }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator{}));
    }
    std::string path;
};

std::string text_of(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
}

}  // namespace

TEST_CASE("a file is written whole, and what stood there keeps its permissions and its link", "[file]") {
    const folder f;
    const auto file = f.path + "/a.json";
    CHECK(write_file(file, "one").empty());
    CHECK(text_of(file) == "one");
    chmod(file.c_str(), 0640);
    fs::create_symlink("a.json", f.path + "/link");
    CHECK(write_file(f.path + "/link", "two").empty());
    CHECK(text_of(file) == "two");
    CHECK(fs::is_symlink(f.path + "/link"));
    struct stat st {};
    stat(file.c_str(), &st);
    CHECK((st.st_mode & 07777) == 0640);
    CHECK(f.entries() == 2);
}

TEST_CASE("what cannot be written is named, and nothing is left behind", "[file]") {
    const folder f;
    CHECK(write_file(f.path + "/no/such.json", "x") == f.path + "/no/such.json: No such file or directory");
    CHECK(write_file(f.path, "x") == f.path + ": Is a directory");
    CHECK(check_writable(f.path) == f.path + ": Is a directory");
    CHECK(check_writable(f.path + "/no/such.json") == f.path + "/no/such.json: No such file or directory");
    CHECK(check_writable(f.path + "/new.json").empty());
    CHECK(f.entries() == 0);
    CHECK(write_file("/dev/full", "x") == "/dev/full: No space left on device");
    CHECK(write_file("/dev/null", "x").empty());
}
