#include "tests/unit/trace/probe_sites.hpp"

#include <sys/mman.h>

#include <cstring>
#include <elf.h>
#include <fstream>
#include <link.h>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <ucontext.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace probe_sites {
namespace {

#if __has_include(<sys/sdt.h>) && defined(__x86_64__)
constexpr bool known = true;
#else
constexpr bool known = false;
#endif

struct site {
    std::string name;
    std::uintptr_t at;
    int passed;
};
std::vector<site> sites;

template <class T>
T get(const std::string& from, std::size_t at) {
    T value;
    if (at + sizeof value > from.size()) throw std::runtime_error{"the ELF file is cut short"};
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
}

std::string file() {
    std::ostringstream text;
    text << std::ifstream{"/proc/self/exe", std::ios::binary}.rdbuf();
    return std::move(text).str();
}

std::uintptr_t where_loaded() {
    std::uintptr_t base = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* program, std::size_t, void* to) {
            *static_cast<std::uintptr_t*>(to) = program->dlpi_addr;
            return 1;  // the first is the program itself
        },
        &base);
    return base;
}

/// A note of .note.stapsdt: place, base, semaphore, then provider and name.
void add_note(const std::string& elf, std::size_t at, std::uintptr_t base) {
    const char* const provider = elf.data() + at + 3 * sizeof(std::uint64_t);
    if (std::string{provider} != "drainlab") return;
    sites.push_back({provider + std::strlen(provider) + 1, base + get<std::uint64_t>(elf, at), 0});
}

void find_sites() {
    const auto elf = file();
    const auto base = where_loaded();
    const auto head = get<Elf64_Ehdr>(elf, 0);
    for (std::size_t n = 0; n < head.e_shnum; ++n) {
        const auto section = get<Elf64_Shdr>(elf, head.e_shoff + n * head.e_shentsize);
        if (section.sh_type != SHT_NOTE) continue;
        for (std::size_t at = section.sh_offset; at + sizeof(Elf64_Nhdr) < section.sh_offset + section.sh_size;) {
            const auto note = get<Elf64_Nhdr>(elf, at);
            const std::size_t owner = at + sizeof note, text = owner + (note.n_namesz + 3) / 4 * 4;
            if (elf.compare(owner, note.n_namesz, "stapsdt", 8) == 0) add_note(elf, text, base);
            at = text + (note.n_descsz + 3) / 4 * 4;
        }
    }
}

#if defined(__x86_64__)
/// A breakpoint is as long as the probe's nop and stands in its place: who was stopped goes on behind it.
void count(int, siginfo_t*, void* context) {
    const auto stopped = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
    for (auto& s : sites)
        if (s.at + 1 == static_cast<std::uintptr_t>(stopped)) ++s.passed;
}

/// What TSan keeps of code cannot be written, so it is not told.
__attribute__((no_sanitize("thread"))) void arm(const site& s) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    auto* const begin = reinterpret_cast<void*>(s.at / page * page);  // NOLINT(performance-no-int-to-ptr)
    auto* const code = reinterpret_cast<unsigned char*>(s.at);        // NOLINT(performance-no-int-to-ptr)
    if (*code != 0x90) throw std::runtime_error{"no nop at probe " + s.name};
    if (mprotect(begin, page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) throw std::runtime_error{"mprotect"};
    *code = 0xcc;
    mprotect(begin, page, PROT_READ | PROT_EXEC);
}

void arm_all() {
    struct sigaction on_trap {};
    on_trap.sa_sigaction = count;
    on_trap.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &on_trap, nullptr);
    for (const auto& s : sites) arm(s);
}
#else
void arm_all() {}
#endif

void prepare() {
    if (!known || !sites.empty()) return;
    find_sites();
    arm_all();
}

}  // namespace

std::map<std::string, int> passed() {
    prepare();
    std::map<std::string, int> now;
    for (auto& s : sites) {
        if (s.passed > 0) now[s.name] += s.passed;
        s.passed = 0;
    }
    return now;
}

std::map<std::string, int> all() {
    prepare();
    std::map<std::string, int> names;
    for (const auto& s : sites) ++names[s.name];
    return names;
}

}  // namespace probe_sites
