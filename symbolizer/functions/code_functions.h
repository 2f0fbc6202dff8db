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
};

struct FunctionAnswer {
    std::vector<CodeFunction> functions;  // by address
    std::size_t known = 0;                // functions that the file has
    std::size_t matched = 0;              // of them, also beyond `most`
    std::vector<std::string> nearest;     // names like those asked for, where none matched
    bool unwinds = false;                 // it throws exceptions, or lets them pass: C++, Rust, -fexceptions
    Miss no_functions = Miss::kNone;      // why there are none, where USDT probes were asked for, too

    std::vector<UsdtProbe> probes;  // by name; only if they were asked for
    std::size_t known_probes = 0;   // as for functions
    std::size_t matched_probes = 0;
    std::size_t unread_notes = 0;  // of probes, which make no sense
};

// Reads the file in place (elf_file.h). kStripped: it has no names of functions, and nothing else was asked for.
tl::expected<FunctionAnswer, Miss> list_functions(int fd, const FunctionQuery& query);

// Does one of the globs match the name, or the name without its parameters ("shop::order(int)" is "shop::order" too)?
bool matches_function(const std::vector<std::string>& globs, std::string_view name);

}  // namespace footfall
