// The functions of an ELF file, each once, with where to count its calls: what `footfall functions` picks from.
//
// Which: those of the file's function symbols (elf/function_symbols.h), by address. Several symbols at one address are one
// function: its name is the one that SymbolTable would prefer, the others are its aliases. A function ends where its symbol
// says, where another one begins, or where its section ends; a symbol in the midst of a function's bytes is another entry,
// and a function of its own. Symbols without a type (hand-written assembler) are functions only if a linker would call
// them: global ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"
#include "symbolizer/functions/probe_site.h"
#include "symbolizer/functions/usdt_probes.h"

namespace footfall {

struct CodeFunction {
    std::string name;                  // demangled
    std::vector<std::string> aliases;  // demangled, a few
    std::uint64_t address = 0;         // as ELF counts
    std::uint64_t size = 0;
    std::uint64_t file_offset = 0;  // of the site
    ProbeSite site;
    NoSite no_site = NoSite::kNone;  // why there is none
};

struct FunctionQuery {
    // Of demangled names, with their parameters or without, or of USDT probes (means_usdt()); empty: all functions.
    std::vector<std::string> globs;
    std::size_t most = 0;  // answers
    bool returns = false;  // their returns will be probed, too
    // Beside the globs: of demangled names (name_patterns.h), and globs of source files, which need sources below.
    std::vector<std::string> regexes;
    std::vector<std::string> sources;

    // Of the functions, not of USDT probes.
    [[nodiscard]] bool means_all() const { return globs.empty() && regexes.empty() && sources.empty(); }
};

// Where there is more to know than the file itself says.
struct FunctionHelp {
    int debug = -1;  // its separate debug file, for names if it has no .symtab
    // The source file of the code at an address, empty where that is not known; asked for in the order of addresses.
    std::function<std::string_view(std::uint64_t address)> source_of;
};

struct FunctionAnswer {
    std::vector<CodeFunction> functions;  // by address
    std::size_t known = 0;                // functions that the file has
    std::size_t matched = 0;              // of them, also beyond `most`
    std::vector<std::string> nearest;     // names like those asked for, or "@" and a source file, where none matched
    bool unwinds = false;                 // it throws exceptions, or lets them pass: C++, Rust, -fexceptions
    Miss no_functions = Miss::kNone;      // why there are none, where USDT probes were asked for, too
    bool no_sources = false;              // they were asked for, and the file of none of its functions is known

    std::vector<UsdtProbe> probes;  // by name; only if they were asked for
    std::size_t known_probes = 0;   // as for functions
    std::size_t matched_probes = 0;
    std::size_t unread_notes = 0;  // of probes, which make no sense
};

// Reads the file in place (elf_file.h). kStripped: it has no names of functions, and nothing else was asked for.
tl::expected<FunctionAnswer, Miss> list_functions(int fd, const FunctionQuery& query, const FunctionHelp& help = {});

}  // namespace footfall
