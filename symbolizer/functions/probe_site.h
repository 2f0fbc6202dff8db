// Where to count the calls of a function: the instruction that runs once in each call and costs least to probe.
//
// Up to its first branch, call or return a function runs straight on, and each instruction runs once in a call, if nothing
// jumps back to it. Of those, the kernel emulates some, at a tenth of the cost of the others (elf/entry_site.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "symbolizer/elf/entry_site.h"

namespace footfall {

enum class SiteClass : std::uint8_t {
    kNop,      // emulated
    kPush,     // emulated
    kBranch,   // emulated: a jump or a call to a fixed address
    kStepped,  // single-stepped by the kernel, out of line
};

// Why the calls of a function can't be counted.
enum class NoSite : std::uint8_t {
    kNone,
    kIndirect,    // an ifunc: what it names chooses the function, once; the functions to choose from have names of their own
    kPart,        // not a function but a part of one that the compiler moved away (".cold"): nobody calls it
    kUnreadable,  // its first byte begins no instruction: data, or a file that was cut
    kNoSymbolCode,  // its bytes are not in the file
    kNoMarker,      // USDT: its note tells of a place that is no nop in the file's code
    kBadSemaphore,  // USDT: its note tells of a semaphore that is none
    kRefused,       // the kernel takes no probe of the instructions that it begins with
    kGoStack,       // an argument is asked for, and Go before 1.17 has those on the stack
};

struct ProbeSite {
    std::uint64_t offset = 0;  // from the function's first byte
    SiteClass site_class = SiteClass::kStepped;
    std::string instruction;   // "push"
    std::uint64_t pushed = 0;  // kByExits: bytes on the stack below the address to return to
};

// How the durations of calls will be taken.
enum class Timing : std::uint8_t {
    kNone,
    kByReturn,  // by a probe of the return, which needs the stack as it was when the function began
    kByExits,   // where the function is left, by the place on the stack of the address to return to
};

// code: the function's own bytes, and nothing behind them. arguments: will be read there. None: kUnreadable or kRefused, see
// is_code().
std::optional<ProbeSite> counting_site(std::span<const std::uint8_t> code, Timing timing, SiteArguments arguments = {});

// Does it begin with an instruction?
bool is_code(std::span<const std::uint8_t> code);

// The same of a USDT probe, at the nop that is there for it. None: kNoMarker.
std::optional<ProbeSite> marker_site(std::span<const std::uint8_t> code);

// In lower case: "push (emulated)".
std::string_view text_of(SiteClass site_class);
std::string_view text_of(NoSite reason);

// What counting there adds to each call, in nanoseconds, on the development machine.
unsigned expected_nanoseconds(SiteClass site_class);
// And a probe of the return (Timing::kByReturn).
constexpr unsigned kReturnNanoseconds = 850;

}  // namespace footfall
