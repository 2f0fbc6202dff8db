// Does an indirect jump lead out of a function, as a tail call does, or to a place in it, as a `switch` does?
//
// A tail call leaves the stack as the caller did: the address to return to is on its top. How far the stack pointer has
// moved at each instruction is followed from the function's first one on, along the jumps that are known. Jumps in functions
// that have not moved it may be either: those by a table of differences, or with the prefix that says so (notrack), are a
// switch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "symbolizer/functions/function_body.h"

namespace footfall {

class IndirectJumps {
public:
    explicit IndirectJumps(const FunctionBody& body, std::uint64_t entry);

    enum class Kind : std::uint8_t { kTailCall, kInside, kUnknown };
    [[nodiscard]] Kind kind_of(std::size_t step) const;

private:
    // Bytes below the address to return to; nothing where that can't be told.
    struct Depth {
        std::optional<std::int64_t> stack;
        std::optional<std::int64_t> frame;  // of the frame pointer
    };
    // How the place to jump to is found.
    enum class Source : std::uint8_t { kPlain, kIndexed, kDifference };

    void follow(std::uint64_t entry);
    [[nodiscard]] Depth behind(const Depth& before, std::size_t step) const;
    [[nodiscard]] Source source_of(std::size_t step, const Instruction& jump) const;

    const FunctionBody& body_;
    std::vector<std::optional<Depth>> depths_;  // before each step; nothing: not reached by known jumps
};

}  // namespace footfall
