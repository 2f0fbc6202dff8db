// Finds symbols that a loaded library exports, in the memory of its process: by its dynamic section (ELF specification,
// "Dynamic Linking"), which every library carries, stripped or not.
//
// The memory is not trusted; what is read of it is bounded. Threads: any; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "symbolizer/interpreters/memory.h"

namespace footfall {

class ExportedSymbols {
public:
    // base: where the library's first byte is mapped. Nothing where that is no 64-bit ELF file of this machine with a
    // dynamic section. memory outlives it.
    static std::optional<ExportedSymbols> of(MemoryReader& memory, std::uint64_t base);

    // Its address in the process. Nothing: it is not exported.
    [[nodiscard]] std::optional<std::uint64_t> find(std::string_view name) const;

private:
    explicit ExportedSymbols(MemoryReader& memory) : memory_(&memory) {}

    [[nodiscard]] std::optional<std::uint64_t> if_named(std::uint32_t symbol, std::string_view name) const;

    MemoryReader* memory_;
    std::uint64_t bias_ = 0;  // address in the process - virtual address
    std::uint64_t symbols_ = 0;
    std::uint64_t names_ = 0;
    std::uint64_t gnu_hash_ = 0;
};

}  // namespace footfall
