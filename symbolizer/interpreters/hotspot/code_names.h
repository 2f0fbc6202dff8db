// Names the frames that a walk found in the code cache of a HotSpot virtual machine: interpreted methods, compiled ones with
// all that was inlined into them, and stubs.
//
// What a frame says is held against what is there by now: a method that was freed, or other code in its place, has no name,
// never a wrong one. The memory is not trusted; what is read of it is bounded. Threads: any; no state.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/interpreters/hotspot/layout.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

// A frame as it was found. See bpf/contract/hotspot.h.
struct HotspotFrame {
    std::uint64_t function = 0;  // Method or CodeBlob
    std::uint32_t position = 0;  // bytecode index, or bytes from the CodeBlob on
    std::uint32_t check = 0;
    bool operator==(const HotspotFrame&) const = default;
};

struct JavaLine {
    std::string function;    // a method as JavaMethod has it; of a stub, what the virtual machine calls it
    std::string file;        // empty: not known, or none
    std::uint32_t line = 0;  // 0: not known, or none
    bool is_stub = false;
    bool operator==(const JavaLine&) const = default;
};

enum class HotspotFrameMiss : std::uint8_t {
    kGone,     // the code or the method is not there any more
    kDamaged,  // what is there contradicts itself, or can't be read
};

// The innermost inlined method first; never empty.
tl::expected<std::vector<JavaLine>, HotspotFrameMiss> name_frame(const Hotspot& vm, MemoryReader& memory,
                                                                 const HotspotFrame& frame);

}  // namespace footfall
