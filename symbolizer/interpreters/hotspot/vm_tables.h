// The tables by which libjvm describes its own structures to debuggers: gHotSpotVMStructs, gHotSpotVMTypes and
// gHotSpotVMIntConstants (src/hotspot/share/runtime/vmStructs.hpp in OpenJDK), read out of a process's memory.
//
// The memory is not trusted; tables are bounded. Threads: any; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "symbolizer/interpreters/memory.h"

namespace footfall {

class VmTables {
public:
    struct Field {
        std::string type;         // as C++ writes it
        std::uint64_t offset{};   // in its structure
        std::uint64_t address{};  // of a static one; else 0
    };

    // libjvm: where its first byte is mapped. Nothing: it exports no such tables, or they can't be read. Reads some thousand
    // small pieces, so that memory should be a CachedMemory.
    static std::optional<VmTables> read(MemoryReader& memory, std::uint64_t libjvm);

    [[nodiscard]] const Field* field(std::string_view structure, std::string_view name) const;
    // Bytes of a type.
    [[nodiscard]] std::optional<std::uint64_t> size_of(std::string_view type) const;
    [[nodiscard]] std::optional<std::int64_t> constant(std::string_view name) const;

private:
    std::unordered_map<std::string, Field> fields_;  // by structure::name
    std::unordered_map<std::string, std::uint64_t> types_;
    std::unordered_map<std::string, std::int64_t> constants_;
};

}  // namespace footfall
