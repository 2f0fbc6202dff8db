// The data of programs, as it is looked through for descriptions of protocol buffers.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "symbolizer/descriptors/descriptor_scan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    footfall::DescriptorScan scan;
    scan.look_through({reinterpret_cast<const char*>(data), size});
    if (scan.methods.size() > size) __builtin_trap();
    return 0;
}
