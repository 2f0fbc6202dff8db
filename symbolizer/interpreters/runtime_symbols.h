// What an ELF file has of an interpreter: the few symbols by which one is found and read in a process, and the code in which
// a native frame stands for the frames of a script.
//
// The file is not trusted; it is read with libelf, so this runs in the symbolizer's worker process. Addresses are ELF
// virtual addresses. Threads: any; no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "symbolizer/elf/elf_file.h"

namespace footfall {

struct RuntimeSymbol {
    std::string name;
    std::uint64_t address = 0;
    std::uint64_t size = 0;  // 0: the file does not say
};

// [begin, end)
struct ScriptCode {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

struct RuntimeSymbols {
    std::vector<RuntimeSymbol> symbols;  // none: it has no interpreter, or its symbols were stripped
    // Of the function that evaluates scripts, with the parts that the compiler has moved out of it (".cold").
    std::vector<ScriptCode> script_code;

    [[nodiscard]] const RuntimeSymbol* find(std::string_view name) const;
    [[nodiscard]] bool runs_scripts(std::uint64_t address) const;
};

// fd: the same file, for what is read without libelf.
RuntimeSymbols find_runtime_symbols(const ElfFile& file, int fd);

}  // namespace footfall
