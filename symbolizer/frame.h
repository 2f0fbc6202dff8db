// What an address turns out to be: plain values. A miss is an answer too: it says why there is no name, and the frame stays,
// as [module]+0xoffset, of the function's start where that much is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace footfall {

// Why an address has no name.
enum class Miss : std::uint8_t {
    kNone,                 // it has a name
    kNoSuchFile,           // the file is gone, or its process is
    kRewritten,            // the file has other bytes now than those that ran
    kNoPermission,         // we may not open it
    kNotElf,               // not an ELF file of this machine
    kMalformed,            // its headers or tables contradict themselves
    kStripped,             // it has no symbols at all
    kOutsideOfSymbols,     // it has symbols, but none covers the address
    kDebugFileMismatch,    // the debug file belongs to another build
    kDebuginfodAbsent,     // its debug file: no server has it
    kDebuginfodSilent,     // a server did not answer
    kDebuginfodFailed,     // a server could not be asked, or broke off
    kDebuginfodTooLarge,   // it is larger than allowed
    kDebuginfodLate,       // it did not come in the time that a session waits
    kDebuginfodNoCache,    // there is nowhere to write it
    kDebuginfodNoLibrary,  // libdebuginfod is not installed
    kDebuginfodNoHelper,   // the process that fetches it could not be started, or ended
    kTooLarge,             // more symbols or debug information than we read
    kTimedOut,             // reading it took longer than allowed
    kNamingLate,           // all the time that a session has for names was used up, or nearly so
    kCrashed,              // reading it ended the worker process
    kNoWorker,             // the worker process could not be started
    kNoMap,                // JIT code, and its runtime writes no perf map and no jitdump
    kForeignMap,           // JIT code, and its perf map was written by somebody else
    kTooManyModules,       // more files of code are in use than are kept
    kHiddenAddresses,      // the kernel shows its addresses as zeros (kernel.kptr_restrict)
    kFunctionGone,         // a script's function, and the interpreter had it no more when its name was read
};

// In lower case, for the end of a sentence: "no name: it is stripped".
std::string_view text_of(Miss miss);

// One place in the source. Empty and 0 stand for "not known".
struct Line {
    std::string function;  // demangled
    std::string file;
    std::uint32_t line = 0;
    bool operator==(const Line&) const = default;
};

struct SymbolizedAddress {
    std::vector<Line> lines;  // the innermost inlined function first, the function that has the symbol last; empty on a miss
    Miss miss = Miss::kNone;
    // Bytes from the symbol's start; on a miss, from where unwind information says that the function begins, or 0.
    std::uint64_t offset_in_function = 0;
};

// How much is wanted. Lines read the DWARF of the file, which costs seconds and megabytes where names cost neither.
enum class Detail : std::uint8_t {
    kNames,
    kLines,  // and files, and the chain of inlined functions
};

}  // namespace footfall
