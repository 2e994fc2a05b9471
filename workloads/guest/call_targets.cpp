#include "workloads/guest/call_targets.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace drainlab::guest {
namespace {

bool by_address(const symbol& a, const symbol& b) { return a.address < b.address; }

/// The name at exactly this address.
const std::string* name_at(std::uint64_t address, const std::vector<symbol>& symbols) {
    const auto at = std::lower_bound(symbols.begin(), symbols.end(), symbol{address, {}}, by_address);
    return at != symbols.end() && at->address == address ? &at->name : nullptr;
}

bool is_thunk(const std::string& name) {
    return name.starts_with("__SCT__") || name.starts_with("__x86_") || name.starts_with("srso_") ||
           name == "__fentry__" || name == "__stack_chk_fail" || name.starts_with("retbleed_");
}

/// Code of the kernel from /proc/kcore, an ELF core file.
std::optional<std::string> read_code(int kcore, std::uint64_t address, std::size_t size) {
    Elf64_Ehdr header;
    if (pread(kcore, &header, sizeof header, 0) != sizeof header) return std::nullopt;
    for (int i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr part;
        const auto at = static_cast<off_t>(header.e_phoff + static_cast<std::uint64_t>(i) * sizeof part);
        if (pread(kcore, &part, sizeof part, at) != sizeof part) return std::nullopt;
        if (part.p_type != PT_LOAD || address < part.p_vaddr || address + size > part.p_vaddr + part.p_memsz) continue;
        std::string code(size, '\0');
        const auto offset = static_cast<off_t>(part.p_offset + (address - part.p_vaddr));
        if (pread(kcore, code.data(), size, offset) != static_cast<ssize_t>(size)) return std::nullopt;
        return code;
    }
    return std::nullopt;
}

}  // namespace

std::vector<symbol> parse_kallsyms(std::string_view text) {
    std::vector<symbol> symbols;
    bool any = false;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        // "ffffffff81000000 T name" or, of a module, "... t name\t[module]".
        const auto space = line.find(' ');
        if (space == std::string_view::npos || space + 3 >= line.size()) continue;
        const char kind = line[space + 1];
        if (kind != 't' && kind != 'T' && kind != 'W' && kind != 'w') continue;
        symbol s;
        std::from_chars(line.data(), line.data() + space, s.address, 16);
        s.name = line.substr(space + 3, line.find_first_of("\t ", space + 3) - (space + 3));
        any = any || s.address != 0;
        symbols.push_back(std::move(s));
    }
    if (!any) return {};
    std::stable_sort(symbols.begin(), symbols.end(), by_address);
    return symbols;
}

std::vector<std::string> call_targets(std::string_view code, std::uint64_t address,
                                      const std::vector<symbol>& symbols) {
    std::vector<std::string> targets;
    for (std::size_t i = 0; i + 5 <= code.size(); ++i) {
        const auto op = static_cast<unsigned char>(code[i]);
        if (op != 0xe8 && op != 0xe9) continue;
        std::int32_t distance = 0;
        std::memcpy(&distance, code.data() + i + 1, sizeof distance);
        // Bytes in the middle of an instruction hit the first byte of a function by chance only.
        const auto* name = name_at(address + i + 5 + static_cast<std::uint64_t>(std::int64_t{distance}), symbols);
        if (name && !is_thunk(*name) && std::find(targets.begin(), targets.end(), *name) == targets.end())
            targets.push_back(*name);
    }
    return targets;
}

kernel_calls read_kernel_calls() {
    std::stringstream text;
    text << std::ifstream("/proc/kallsyms").rdbuf();
    const auto symbols = parse_kallsyms(text.str());
    if (symbols.empty()) return {std::nullopt, "/proc/kallsyms hides the addresses"};
    const int kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
    if (kcore < 0) return {std::nullopt, std::string("/proc/kcore: ") + std::strerror(errno)};
    call_map calls;
    std::string why;
    for (const auto* function : judged_functions) {
        const auto at =
            std::find_if(symbols.begin(), symbols.end(), [&](const symbol& s) { return s.name == function; });
        if (at == symbols.end()) continue;
        const auto next = std::upper_bound(at, symbols.end(), *at, by_address);
        const auto end = next == symbols.end() ? at->address + 4096 : next->address;
        const auto size = std::min<std::uint64_t>(end - at->address, 4096);
        if (const auto code = read_code(kcore, at->address, size))
            calls[function] = call_targets(*code, at->address, symbols);
        else
            why = "/proc/kcore does not give the kernel's code";
    }
    close(kcore);
    if (!why.empty()) return {std::nullopt, why};
    return {calls, {}};
}

}  // namespace drainlab::guest
