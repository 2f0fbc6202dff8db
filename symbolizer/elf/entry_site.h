// Where in a function a probe of its entry costs least. The kernel emulates some instructions (0.6–1 µs a hit on the
// development machine) and has to single-step all others (10–14 µs); most functions have one of the former in their first
// few bytes, while their arguments are still in their registers.
//
// What is emulated: arch/x86/kernel/uprobes.c, branch_setup_xol_ops() and push_setup_xol_ops(). Arguments: System V ABI for
// x86-64, §3.2.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace footfall {

enum class SiteNeed {
    kArguments,           // are in their registers
    kArgumentsAndReturn,  // and the address to return to is on top of the stack, for a probe of the return
    kArgumentsAndStack,   // and it is known how far below that address the stack pointer is
};

struct EntrySite {
    std::uint64_t offset = 0;  // from the function's first byte
    bool emulated = false;
    std::string instruction;   // its name: "push"
    std::uint64_t pushed = 0;  // kArgumentsAndStack: bytes on the stack below the address to return to
};

// Of System V's calls. Go hands more over in its own order (ABIInternal); as many of them are known here.
constexpr unsigned kMostSiteArguments = 6;

// Which registers must still hold what the function was called with.
struct SiteArguments {
    unsigned count = 0;
    bool go = false;
};

// code: the function from its first byte on, as much as there is; the more, the surer that no jump leads back to the site.
// Where there is no better one, the site is the first that the
// kernel takes a probe of. Nothing where there is none, or no instruction. A function of Go that asks for room on its stack,
// and begins again once it has got some, is looked at from behind that question on, which runs once.
std::optional<EntrySite> cheapest_entry_site(std::span<const std::uint8_t> code, SiteNeed need, SiteArguments arguments);

// What code begins with, if that is a nop, as compilers leave it where a probe may come: USDT.
std::optional<EntrySite> nop_site(std::span<const std::uint8_t> code);

// The address of the function that this one hands its first `arguments` arguments to, unchanged and before anything else is
// called: a wrapper's inner function. code lies at `address`.
std::optional<std::uint64_t> inner_function(std::span<const std::uint8_t> code, std::uint64_t address, unsigned arguments);

// Where the function returns: the offsets of its `ret` instructions. code: all of it, and nothing but code.
std::vector<std::uint64_t> return_sites(std::span<const std::uint8_t> code);

// Does it begin as Go's functions with arguments in registers do (Go >= 1.17, ABIInternal), by asking the goroutine, which
// r14 points to, for room on its stack?
bool begins_like_go(std::span<const std::uint8_t> code);

// The same before Go 1.17, with arguments on the stack: the goroutine is what thread-local storage has at -8.
bool begins_like_old_go(std::span<const std::uint8_t> code);

// Does the function look at its argument of that number, from 1 on, before it calls or overwrites anything?
bool uses_argument(std::span<const std::uint8_t> code, unsigned argument);

// Does it use that argument as an address, before it calls anything?
bool reads_through_argument(std::span<const std::uint8_t> code, unsigned argument);

}  // namespace footfall
