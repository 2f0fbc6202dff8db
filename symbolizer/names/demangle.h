// Symbol names as people write them: C++ (Itanium ABI), Rust (v0 and legacy) and D are demangled, everything else stays as
// it is. LLVM's demanglers do it, and libiberty's for D, of which LLVM 14 knows too little.
//
// Names come from files that are not trusted, and a demangler takes time and stack by what a name says: call this where such
// files are read (the symbolizer's worker). Names of more than 64 KiB (D: 4 KiB) stay as they are. Threads: any; no state.
#pragma once

#include <string>
#include <string_view>

namespace footfall {

std::string demangled(std::string_view name);

}  // namespace footfall
