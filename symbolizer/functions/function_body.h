// The instructions of a function with its parts, as far as they tell where it goes on and where it ends.
//
// Decoded from the first byte on, without a gap: compilers put no data between instructions. Where there is some, what is
// there is no instruction, or a jump leads into the midst of one, and there is no body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/elf/instruction.h"
#include "symbolizer/functions/function_exits.h"

namespace footfall {

enum class Flow : std::uint8_t {
    kOn,        // to the next one; also what is called comes back there
    kJump,      // to `target`
    kBranch,    // to `target` if `condition`, else to the next one
    kIndirect,  // to where only the processor knows
    kReturn,
    kStop,  // nowhere
};

struct Step {
    std::uint64_t address = 0;
    std::uint64_t target = 0;  // kJump, kBranch
    std::uint8_t length = 0;
    Flow flow = Flow::kOn;
    std::uint8_t condition = kAlways;  // kBranch: of the flags; kAlways: of a counter (loop, jrcxz)
    bool is_call = false;
    bool is_nop = false;
    bool emulated = false;
    bool takes_probe = true;

    [[nodiscard]] std::uint64_t end() const { return address + length; }
    [[nodiscard]] bool falls_through() const { return flow == Flow::kOn || flow == Flow::kBranch; }
};

class FunctionBody {
public:
    static tl::expected<FunctionBody, NotTimed> read(const ExitQuery& query);

    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }  // by address
    [[nodiscard]] bool contains(std::uint64_t address) const;
    // Its index; nothing where none begins there.
    [[nodiscard]] std::optional<std::size_t> step_at(std::uint64_t address) const;
    // The one that it may go on to without a jump.
    [[nodiscard]] std::optional<std::size_t> next_of(std::size_t step) const;
    [[nodiscard]] Instruction instruction(const Step& step) const;

private:
    NotTimed read_span(const CodeSpan& span);
    NotTimed find_parts(const ExitQuery& query, std::size_t first_step);

    InstructionDecoder decoder_;
    std::vector<CodeSpan> spans_;
    std::vector<Step> steps_;
};

}  // namespace footfall
