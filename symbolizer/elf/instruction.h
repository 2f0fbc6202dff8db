// Decodes x86-64 instructions, one at a time, and says of each what matters for probes. Around Zydis. Threads: any; no
// state.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace footfall {

// Without its operands.
using PlainInstruction = ZydisDecodedInstruction;

struct Instruction {
    PlainInstruction instruction{};
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};

    [[nodiscard]] auto category() const { return instruction.meta.category; }
};

class InstructionDecoder {
public:
    InstructionDecoder() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

    // The one that code begins with; nothing where that is none.
    [[nodiscard]] std::optional<Instruction> decode(std::span<const std::uint8_t> code) const;
    // The same at a third of the time.
    [[nodiscard]] std::optional<PlainInstruction> decode_plain(std::span<const std::uint8_t> code) const;

private:
    ZydisDecoder decoder_{};
};

// In lower case, without operands: "push".
[[nodiscard]] std::string mnemonic_of(const Instruction& instruction);

// Does the kernel emulate it under a probe (entry_site.h)?
[[nodiscard]] bool is_emulated(const PlainInstruction& instruction);

// Does the kernel take a probe of it? Where it does not, it refuses all places that are attached with that one, or, if no
// process maps the code yet, leaves that one out silently. arch/x86/kernel/uprobes.c, is_prefix_bad(), good_insns_64 and
// branch_setup_xol_ops().
[[nodiscard]] bool takes_probe(const PlainInstruction& instruction);

// May what runs next be somewhere else? True of calls, too.
[[nodiscard]] bool leaves(const PlainInstruction& instruction);

[[nodiscard]] bool is_part_of(ZydisRegister part, ZydisRegister whole);
// Does it write to that register, or to a part of it? And does it read it, or an address that is made of it?
[[nodiscard]] bool writes(const Instruction& instruction, ZydisRegister whole);
[[nodiscard]] bool reads(const Instruction& instruction, ZydisRegister whole);

// By how many bytes it moves the stack pointer, of a call once that has returned; nothing where that can't be told.
[[nodiscard]] std::optional<std::int64_t> stack_moved_by(const Instruction& instruction);

// Where a direct jump or call at an address leads.
[[nodiscard]] std::optional<std::uint64_t> target_of(const PlainInstruction& instruction, std::uint64_t address);

}  // namespace footfall
