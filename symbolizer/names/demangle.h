// Symbol names as people write them: C++ (Itanium ABI) and Rust (v0 and legacy) are demangled, everything else stays as it
// is.
//
// Names come from files that are not trusted, and a demangler takes time and stack by what a name says: call this where such
// files are read (the symbolizer's worker). Names of more than 64 KiB stay as they are. Threads: any; no state.
#pragma once

#include <string>
#include <string_view>

namespace footfall {

std::string demangled(std::string_view name);

}  // namespace footfall
