// Where a function is left, for probes that time its calls without touching the address that they return to: its `ret`
// instructions, and the jumps out of it (tail calls).
//
// The kernel has to single-step a `ret`. Often there are jumps in front of it that it emulates, and that lead straight to
// the return: then those are the sites, of conditional ones with the condition under which they lead there. None of them
// lies in a loop, or behind anything that takes time.
//
// A jump to another function's first byte, to its own, or into a procedure linkage table is a tail call; one to a part that
// the compiler moved away (".cold") leads to more code of the function. An indirect jump is a tail call where the address to
// return to is on top of the stack, as the caller left it, and it reads no table of jumps.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/functions/probe_site.h"

namespace footfall {

// Why calls of a function are counted and can't be timed.
enum class NotTimed : std::uint8_t {
    kNone,
    kUnreadable,    // some of its code is no instruction, or a jump leads into the midst of one
    kTooLarge,      // more code than is looked at
    kRunsOn,        // it has no end: it goes on into other code
    kUnknownJump,   // it jumps to code that is not known to be its own or another function
    kIndirectJump,  // it jumps to a computed place, which may be in the function or not
    kNeverReturns,  // nothing returns from it
    kNoProbe,       // it is left at an instruction that the kernel takes no probe on
};

// In lower case.
std::string_view text_of(NotTimed reason);

// Where the address to return to lies: so many bytes from where a register points to.
struct ReturnPlace {
    bool from_frame_pointer = false;  // else from the stack pointer
    std::int32_t offset = 0;
    bool operator==(const ReturnPlace&) const = default;
};

// The condition codes of x86, as jumps encode them (Intel SDM, appendix B.1), or:
constexpr std::uint8_t kAlways = 16;

struct ExitSite {
    std::uint64_t address = 0;
    SiteClass site_class = SiteClass::kStepped;
    ReturnPlace place;
    std::uint8_t condition = kAlways;  // of the flags, for the call to end there
};

struct CodeSpan {
    std::uint64_t address = 0;
    std::span<const std::uint8_t> bytes;

    [[nodiscard]] bool contains(std::uint64_t at) const { return at >= address && at - address < bytes.size(); }
};

// What lies at an address that a function jumps to.
struct JumpTarget {
    enum class Kind : std::uint8_t {
        kUnknown,
        kFunction,  // where another one begins
        kPart,      // a part of this one, which is here:
    };
    Kind kind = Kind::kUnknown;
    CodeSpan part;
};

struct ExitQuery {
    CodeSpan code;       // the function's bytes, without its parts
    bool is_go = false;  // it jumps to its own first byte to begin again, and by tables only
    std::function<JumpTarget(std::uint64_t)> target;
};

constexpr std::size_t kMostExitCode = std::size_t{1} << 20;  // bytes of a function with its parts

// By address, each once. None is no answer but kNeverReturns.
tl::expected<std::vector<ExitSite>, NotTimed> find_exits(const ExitQuery& query);

}  // namespace footfall
