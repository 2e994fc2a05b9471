// The command line itself: words, suggestions, environment, exit codes, where errors go. No daemon is needed.
#include "controller/cli/command.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

using nlohmann::json;

namespace {

/// Everything the process writes to one descriptor while it lives.
class captured {
  public:
    explicit captured(int fd) : fd_(fd), saved_(dup(fd)), file_(std::tmpfile()) {
        std::fflush(nullptr);
        dup2(fileno(file_), fd_);
    }
    std::string text() {
        std::cout.flush();
        std::fflush(nullptr);
        dup2(saved_, fd_);
        close(saved_);
        std::rewind(file_);
        std::string all;
        for (int c = 0; (c = std::fgetc(file_)) != EOF;) all += static_cast<char>(c);
        std::fclose(file_);
        return all;
    }

  private:
    int fd_, saved_;
    std::FILE* file_;
};

struct said {
    int code;
    std::string out, err;
};

said drainctl(std::vector<const char*> words) {
    words.insert(words.begin(), "drainctl");
    captured out(1), err(2);
    const int code = drainlab::cli::run_drainctl(static_cast<int>(words.size()), words.data());
    return {code, out.text(), err.text()};
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("--help lists the commands, each command has an example", "[drainctl]") {
    const auto all = drainctl({"--help"});
    CHECK(all.code == 0);
    for (const char* name :
         {"mount", "umount", "detach", "with", "hold", "status", "doctor", "clean", "stop", "list"}) {
        CAPTURE(name);
        CHECK(has(all.out, std::string("\n  ") + name + " "));
        const auto one = drainctl({name, "--help"});
        CHECK(one.code == 0);
        CHECK(has(one.out, "Example:\n  drainctl " + std::string(name)));
        CHECK(one.err.empty());
    }
    CHECK(has(drainctl({"--version"}).out, "drainctl "));
}

TEST_CASE("unknown words are refused with the nearest", "[drainctl]") {
    const auto command = drainctl({"umuont", "/x"});
    CHECK(command.code == 2);
    CHECK(has(command.err, "there is no command \"umuont\""));
    CHECK(has(command.err, "did you mean \"umount\"?"));
    const auto option = drainctl({"mount", "--umount-dealy", "1s", "/x"});
    CHECK(option.code == 2);
    CHECK(has(option.err, "mount: there is no option --umount-dealy"));
    CHECK(has(option.err, "did you mean --umount-delay?"));
    const auto policy = drainctl({"mount", "--policy", "prsb", "/x"});
    CHECK(policy.code == 2);
    CHECK(has(policy.err, "--policy: there is no \"prsb\""));
    CHECK(has(policy.err, "did you mean \"persb\"?"));
    CHECK(has(drainctl({"status", "now"}).err, "status: unexpected word \"now\""));
}

TEST_CASE("usage errors are exit 2 with one clear line", "[drainctl]") {
    CHECK(drainctl({}).code == 2);
    CHECK(has(drainctl({"umount"}).err, "umount: DIR is required"));
    CHECK(has(drainctl({"mount", "/nonexistent/x"}).err, "mount point /nonexistent/x: No such file or directory"));
    CHECK(has(drainctl({"mount", "/proc/version"}).err, "mount point /proc/version: not a directory"));
    CHECK(has(drainctl({"mount", "--store", "/nonexistent", "/"}).err,
              "--store /nonexistent: No such file or directory"));
    CHECK(has(drainctl({"umount", "/proc"}).err, "a mount of type proc, not one of ours"));
    CHECK(has(drainctl({"umount", "--retry", "-5s", "/x"}).err, "--retry: \"-5s\" is not a duration"));
    CHECK(has(drainctl({"mount", "--with-pid", "-3", "/x"}).err, "--with-pid: \"-3\" is not a whole number from 1"));
    CHECK(has(drainctl({"mount", "--with-pid", "2147483646", "/"}).err, "there is no such process"));
    CHECK(has(drainctl({"hold", "/x", "--by", "drain"}).err, "--for T is needed"));
    CHECK(has(drainctl({"hold", "/x", "--by", "drain", "--for", "2m"}).err, "--force allows it"));
    CHECK(has(drainctl({"umount", "--lazy", "--force", "/x"}).err, "exclude each other"));
    CHECK(has(drainctl({"with"}).err, "with: CMD is required"));
    CHECK(
        has(drainctl({"bench", "--namespace-policy", "deferred"}).err, "drainctl sim --scenario lazy_free,lazy_held"));
    for (const auto& words : {std::vector<const char*>{"mount", "/nonexistent"},
                              {"hold", "/x", "--by", "drain"},
                              {"with"},
                              {"bench", "--namespace-policy", "deferred"},
                              {"umount", "/proc"}})
        CHECK(drainctl(words).code == 2);
}

TEST_CASE("with --json a failure is drainlab.error/1 on standard output and nothing else", "[drainctl]") {
    for (const auto& words : {std::vector<const char*>{"umount", "/proc", "--json"},
                              {"mount", "--json", "--polciy", "base", "/x"},
                              {"mount", "--json"}}) {
        const auto failed = drainctl(words);
        CHECK(failed.code == 2);
        CHECK(failed.err.empty());
        const json error = json::parse(failed.out);
        CHECK(error.at("schema") == "drainlab.error/1");
        CHECK(error.at("error").at("code") == "usage");
        CHECK_FALSE(error.at("error").at("message").get<std::string>().empty());
        CHECK(error.at("error").contains("hint"));
    }
}

TEST_CASE("options read the environment, but only those of the command at hand", "[drainctl]") {
    setenv("DRAINLAB_POLICY", "base,race", 1);  // a list: fine for bench, not for mount
    CHECK(has(drainctl({"mount", "/nonexistent"}).err, "--policy: there is no \"base,race\""));
    CHECK(drainctl({"list", "policies"}).code == 0);
    CHECK(
        has(drainctl({"mount", "--policy", "base", "/nonexistent"}).err, "mount point /nonexistent"));  // the word wins
    unsetenv("DRAINLAB_POLICY");
    setenv("DRAINLAB_JSON", "1", 1);
    CHECK(has(drainctl({"umount", "/proc"}).out, "drainlab.error/1"));
    unsetenv("DRAINLAB_JSON");
}

TEST_CASE("list knows policies, scenarios and profiles", "[drainctl]") {
    const auto policies = drainctl({"list", "policies", "--json"});
    const json names = json::parse(policies.out).at("names");
    for (const char* id : {"base", "race", "rmbarrier", "persb"})
        CHECK(std::find(names.begin(), names.end(), id) != names.end());
    CHECK(drainctl({"list", "profiles"}).code == 0);
    const auto wrong = drainctl({"list", "polices"});
    CHECK(wrong.code == 2);
    CHECK(has(wrong.err, "did you mean \"policies\"?"));
}

TEST_CASE("without a daemon status, stop and umount say so", "[drainctl]") {
    const drainlab::tests::own_folder dir;
    const std::string socket = dir / "none.sock";
    const auto status = drainctl({"status", "--json", "--socket", socket.c_str()});
    CHECK(status.code == 0);
    CHECK(json::parse(status.out).at("running") == false);
    const auto stop = drainctl({"stop", "--socket", socket.c_str()});
    CHECK(stop.code == 0);
    CHECK(stop.out == "no daemon was running\n");
}

TEST_CASE("doctor checks and names the kernel's variant", "[drainctl]") {
    const auto doctor = drainctl({"doctor", "--json"});
    CHECK((doctor.code == 0 || doctor.code == 4));
    const json report = json::parse(doctor.out);
    CHECK(report.at("schema") == "drainlab.doctor/1");
    CHECK(report.at("kernel_variant").contains("candidates"));
    bool fails = false;
    for (const auto& c : report.at("checks")) {
        CAPTURE(c.dump());
        CHECK((c.at("status") == "ok" || !c.at("detail").get<std::string>().empty()));
        fails = fails || c.at("status") == "fail";
    }
    CHECK(fails == (doctor.code == 4));
    const auto quiet = drainctl({"doctor", "--quiet"});
    CHECK(quiet.code == doctor.code);
    CHECK(quiet.out.empty());
}

TEST_CASE("with runs nothing when it has no daemon to run", "[drainctl]") {
    // The test program has no drainfs beside it; PATH is emptied so that none is found.
    const std::string path = getenv("PATH");
    setenv("PATH", "/nonexistent", 1);
    if (!std::filesystem::exists(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "drainfs")) {
        const auto with = drainctl({"with", "--", "/bin/true"});
        CHECK(with.code == 4);
        CHECK(has(with.err, "the program drainfs is neither beside"));
    }
    setenv("PATH", path.c_str(), 1);
}

TEST_CASE("a check that checked nothing exits 4", "[drainctl][check]") {
    const auto nothing =
        drainctl({"sim", "--scenario", "no_pressure", "--policy", "none", "--samples", "1", "--check"});
    CHECK(nothing.code == 4);
    CHECK(has(nothing.err, "nothing could be checked"));
    CHECK(has(nothing.out, "check skipped"));
    CHECK(drainctl({"sim", "--scenario", "no_pressure", "--samples", "15", "--check"}).code == 0);
}

TEST_CASE("sim --compare FILE --check exits 1 on a miss and 4 when no figure is in both", "[drainctl][check]") {
    const drainlab::tests::own_folder dir;
    const auto file = dir / "theirs.json";
    const auto write = [&](const char* scenario, double p50) {
        const json theirs{{"schema", "drainlab.reference/1"},
                          {"name", "theirs"},
                          {"within", {{"umount_p50", 1.25}}},
                          {"umount_ms", {{scenario, {{"persb", {{"p50", p50}}}}}}}};
        std::ofstream(file) << theirs;
    };
    const auto compared = [&](bool check) {
        std::vector<const char*> words{"sim",       "--scenario", "no_pressure", "--policy",  "persb",
                                       "--samples", "15",         "--compare",   file.c_str()};
        if (check) words.push_back("--check");
        return drainctl(words).code;
    };
    write("no_pressure", 5.0);
    CHECK(compared(true) == 0);
    write("no_pressure", 50.0);
    CHECK(compared(true) == 1);
    CHECK(compared(false) == 0);
    write("own_churn", 5.0);
    CHECK(compared(true) == 4);
}
