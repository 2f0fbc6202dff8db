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
#include "symbolizer/functions/function_exits.h"
#include "symbolizer/functions/probe_site.h"
#include "symbolizer/functions/usdt_probes.h"

namespace footfall {

// Where the goroutine that calls is found: calls of Go's functions belong to it, and not to the thread.
enum class Goroutine : std::uint8_t {
    kNone,      // not a function of Go
    kRegister,  // in r14 (Go >= 1.17)
    kThread,    // in the thread's storage
};

struct FunctionExit {
    std::uint64_t file_offset = 0;
    SiteClass site_class = SiteClass::kStepped;
    ReturnPlace place;
    std::uint8_t condition = kAlways;  // function_exits.h
    bool operator==(const FunctionExit&) const = default;
};

struct CodeFunction {
    std::string name;                  // demangled
    std::vector<std::string> aliases;  // demangled, a few
    std::uint64_t address = 0;         // as ELF counts
    std::uint64_t size = 0;
    std::uint64_t file_offset = 0;  // of the site
    ProbeSite site;
    NoSite no_site = NoSite::kNone;  // why there is none
    // Of Go, and its arguments or the ends of its calls are wanted.
    Goroutine goroutine = Goroutine::kNone;
    // Where its calls end, if they are timed by that.
    std::vector<FunctionExit> exits;
    NotTimed not_timed = NotTimed::kNone;  // why there are none
};

struct FunctionQuery {
    // Of demangled names, with their parameters or without, or of USDT probes (means_usdt()); empty: all functions.
    std::vector<std::string> globs;
    std::size_t most = 0;    // answers
    bool timed = false;      // their durations are wanted
    bool unwound = false;    // a process that maps the file has what throws exceptions
    bool by_caller = false;  // the address to return to will be read at the site
    unsigned arguments = 0;  // so many of those that it is called with will be read there
    unsigned argument = 0;   // and this one where USDT probes are hit, from 1 on
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
    // How they are to be timed: by their exits where a probe of the return would end the program. An exception that is
    // thrown through it (C++, Rust, -fexceptions) finds no way on, and Go moves stacks, with what the kernel put there.
    Timing timing = Timing::kNone;
    Miss no_functions = Miss::kNone;  // why there are none, where USDT probes were asked for, too
    bool no_sources = false;          // they were asked for, and the file of none of its functions is known

    std::vector<UsdtProbe> probes;  // by name; only if they were asked for
    std::size_t known_probes = 0;   // as for functions
    std::size_t matched_probes = 0;
    std::size_t unread_notes = 0;  // of probes, which make no sense
};

// Reads the file in place (elf_file.h). kStripped: it has no names of functions, and nothing else was asked for.
tl::expected<FunctionAnswer, Miss> list_functions(int fd, const FunctionQuery& query, const FunctionHelp& help = {});

}  // namespace footfall
