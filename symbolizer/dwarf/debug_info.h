// DWARF: which function, file and line an address belongs to, and the chain of functions that were inlined there.
//
// Reads with libdw, compilation unit by unit, when an address of it is asked for; what is kept of a unit is compact, and
// bounded over all units. Addresses should come sorted, so that units are read once. Files may be compressed, and may refer
// to what dwz moved into a file of its own. The file is not trusted: this runs in the symbolizer's worker.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"

namespace footfall {

// Text is valid as long as the DebugInfo that it came from.
struct DebugFrame {
    std::string_view function;  // mangled where the compiler says so
    std::string_view file;
    std::uint32_t line = 0;  // 0: not known
};

class DebugInfo {
public:
    // The descriptors must stay open as long as this is. alt: the dwz file, or -1. kStripped: there is no DWARF in it.
    static tl::expected<DebugInfo, Miss> open(int file, int alt, std::size_t max_bytes);

    DebugInfo(DebugInfo&& other) noexcept;
    DebugInfo& operator=(DebugInfo&& other) noexcept;
    DebugInfo(const DebugInfo&) = delete;
    DebugInfo& operator=(const DebugInfo&) = delete;
    ~DebugInfo();

    // Appends the frames at an address, the innermost first; none where no unit has it.
    void find(std::uint64_t address, std::vector<DebugFrame>& frames);
    [[nodiscard]] std::size_t bytes() const;

private:
    struct State;
    explicit DebugInfo(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace footfall
