// The USDT probes of an ELF file, each once with all of its sites: a probe that the compiler copied (inlined functions,
// unrolled loops) or that the source has several times is hit at any of them.
//
// A note is a claim of a file that nobody vouches for, and what is done by it changes the memory of a program: the kernel
// puts a breakpoint at the site, and counts up the semaphore, without which the program leaves the probe out. So a probe is
// only counted if each of its sites is a nop in executable code, which is what <sys/sdt.h> makes, and if its semaphore is
// two aligned bytes of zero in the file's writable data.
//
// A file that was moved after it was linked (prelink) still has the old addresses in its notes; they tell where
// .stapsdt.base was then, so that the difference to where it is now is what all addresses were moved by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "symbolizer/elf/elf_file.h"
#include "symbolizer/functions/probe_site.h"
#include "symbolizer/functions/usdt_argument.h"

namespace footfall {

struct UsdtSite {
    std::uint64_t file_offset = 0;
    std::uint64_t semaphore_offset = 0;      // in the file; 0: there is none
    std::optional<UsdtArgument> argument{};  // that was asked for, if the site has it
    bool operator==(const UsdtSite&) const = default;
};

struct UsdtProbe {
    std::string name;             // "usdt:PROVIDER:NAME"
    std::uint64_t address = 0;    // of its first site, as ELF counts
    ProbeSite site;               // the most costly of its sites
    std::vector<UsdtSite> sites;  // by address, each once; empty if there is a reason not to count it
    NoSite no_site = NoSite::kNone;
};

struct UsdtProbes {
    std::vector<UsdtProbe> probes;  // by name
    std::size_t unread = 0;         // notes that could not be read (usdt_notes.h)
};

// bytes: all of the file, without breakpoints (elf/loaded_bytes.h). argument: which one to look for, from 1 on; 0: none.
UsdtProbes usdt_probes(const ElfFile& file, std::string_view bytes, unsigned argument = 0);

// Is it USDT probes that a pattern means, "usdt:PROVIDER:NAME", and not functions? ("usdt::f" is one of a namespace.)
bool means_usdt(std::string_view glob);

}  // namespace footfall
