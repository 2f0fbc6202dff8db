#include "symbolizer/elf/instruction.h"

#include <algorithm>

namespace footfall {
namespace {

bool is_one_byte_nop(const PlainInstruction& instruction) {
    return instruction.mnemonic == ZYDIS_MNEMONIC_NOP && instruction.opcode == 0x90 && instruction.length == 1;
}

bool is_register_push(const PlainInstruction& instruction) {
    return instruction.mnemonic == ZYDIS_MNEMONIC_PUSH && instruction.opcode >= 0x50 && instruction.opcode <= 0x57 &&
           (instruction.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) == 0;
}

bool is_direct_branch(const PlainInstruction& instruction) {
    const bool is_branch = instruction.meta.category == ZYDIS_CATEGORY_COND_BR ||
                           instruction.meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
                           instruction.meta.category == ZYDIS_CATEGORY_CALL;
    // loop and jrcxz are relative, too, and not emulated.
    const bool is_loop =
        instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && instruction.opcode >= 0xe0 && instruction.opcode <= 0xe3;
    return is_branch && !is_loop && instruction.raw.imm[0].is_relative;
}

// lock, and segments that mean nothing in 64 bits: other meanings of theirs (notrack, hints to branches) count as well.
bool is_refused_prefix(std::uint8_t prefix) {
    return prefix == 0xf0 || prefix == 0x26 || prefix == 0x2e || prefix == 0x36 || prefix == 0x3e;
}

// Of one byte; what is privileged, traps, or is none in 64 bits. The kernel looks opcodes of AVX up in the same table,
// though they mean something else there.
bool is_refused_opcode(std::uint8_t opcode) {
    constexpr std::array<std::uint8_t, 40> kRefused{0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37,
                                                    0x3f, 0x60, 0x61, 0x62, 0x6c, 0x6d, 0x6e, 0x6f, 0x82, 0x9a,
                                                    0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd5, 0xd6, 0xe4, 0xe5, 0xe6,
                                                    0xe7, 0xea, 0xec, 0xed, 0xee, 0xef, 0xf1, 0xf4, 0xfa, 0xfb};
    return std::find(kRefused.begin(), kRefused.end(), opcode) != kRefused.end();
}

// What AMD had for some years; the kernel's decoder never learned it.
bool is_known_vector_set(ZydisISASet set) { return set != ZYDIS_ISA_SET_FMA4 && set != ZYDIS_ISA_SET_XOP; }

bool acts_on(const ZydisDecodedOperand& operand, ZydisOperandActions actions, ZydisRegister whole) {
    return operand.type == ZYDIS_OPERAND_TYPE_REGISTER && (operand.actions & actions) != 0 &&
           is_part_of(operand.reg.value, whole);
}

}  // namespace

std::optional<Instruction> InstructionDecoder::decode(std::span<const std::uint8_t> code) const {
    Instruction decoded;
    const ZyanStatus status =
        ZydisDecoderDecodeFull(&decoder_, code.data(), code.size(), &decoded.instruction, decoded.operands.data());
    return ZYAN_SUCCESS(status) ? std::optional(decoded) : std::nullopt;
}

std::optional<PlainInstruction> InstructionDecoder::decode_plain(std::span<const std::uint8_t> code) const {
    PlainInstruction decoded;
    const ZyanStatus status = ZydisDecoderDecodeInstruction(&decoder_, nullptr, code.data(), code.size(), &decoded);
    return ZYAN_SUCCESS(status) ? std::optional(decoded) : std::nullopt;
}

std::string mnemonic_of(const Instruction& instruction) { return ZydisMnemonicGetString(instruction.instruction.mnemonic); }

bool is_emulated(const PlainInstruction& instruction) {
    return is_one_byte_nop(instruction) || is_register_push(instruction) || is_direct_branch(instruction);
}

bool takes_probe(const PlainInstruction& instruction) {
    for (std::size_t i = 0; i < instruction.raw.prefix_count; ++i) {
        if (is_refused_prefix(instruction.raw.prefixes[i].value)) return false;
    }
    // As compilers call for the address of a thread's own data.
    const bool is_short = (instruction.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0;
    if (is_direct_branch(instruction) && is_short) return false;
    const bool is_legacy = instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
    if (is_legacy) return instruction.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || !is_refused_opcode(instruction.opcode);
    return is_known_vector_set(instruction.meta.isa_set) && !is_refused_opcode(instruction.opcode);
}

bool leaves(const PlainInstruction& instruction) {
    switch (instruction.meta.category) {
        case ZYDIS_CATEGORY_COND_BR:
        case ZYDIS_CATEGORY_UNCOND_BR:
        case ZYDIS_CATEGORY_CALL:
        case ZYDIS_CATEGORY_RET:
        case ZYDIS_CATEGORY_INTERRUPT:
        case ZYDIS_CATEGORY_SYSCALL:
            return true;
        default:
            return false;
    }
}

bool is_part_of(ZydisRegister part, ZydisRegister whole) {
    return part != ZYDIS_REGISTER_NONE && ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, part) == whole;
}

bool writes(const Instruction& instruction, ZydisRegister whole) {
    for (std::size_t i = 0; i < instruction.instruction.operand_count; ++i) {
        if (acts_on(instruction.operands[i], ZYDIS_OPERAND_ACTION_MASK_WRITE, whole)) return true;
    }
    return false;
}

bool reads(const Instruction& instruction, ZydisRegister whole) {
    for (std::size_t i = 0; i < instruction.instruction.operand_count; ++i) {
        const ZydisDecodedOperand& operand = instruction.operands[i];
        if (acts_on(operand, ZYDIS_OPERAND_ACTION_MASK_READ, whole)) return true;
        const bool is_memory = operand.type == ZYDIS_OPERAND_TYPE_MEMORY;
        if (is_memory && (is_part_of(operand.mem.base, whole) || is_part_of(operand.mem.index, whole))) return true;
    }
    return false;
}

std::optional<std::int64_t> stack_moved_by(const Instruction& instruction) {
    const ZydisDecodedOperand& to = instruction.operands[0];
    const ZydisDecodedOperand& by = instruction.operands[1];
    const bool to_stack = to.type == ZYDIS_OPERAND_TYPE_REGISTER && to.reg.value == ZYDIS_REGISTER_RSP;
    switch (instruction.instruction.mnemonic) {
        case ZYDIS_MNEMONIC_PUSH:
        case ZYDIS_MNEMONIC_PUSHFQ:
            return -std::int64_t{instruction.instruction.operand_width / 8};
        case ZYDIS_MNEMONIC_POP:
        case ZYDIS_MNEMONIC_POPFQ:
            if (to_stack) return std::nullopt;
            return std::int64_t{instruction.instruction.operand_width / 8};
        case ZYDIS_MNEMONIC_CALL:
            return 0;
        case ZYDIS_MNEMONIC_ADD:
        case ZYDIS_MNEMONIC_SUB:
            if (!to_stack) break;
            if (by.type != ZYDIS_OPERAND_TYPE_IMMEDIATE) return std::nullopt;
            return instruction.instruction.mnemonic == ZYDIS_MNEMONIC_ADD ? by.imm.value.s : -by.imm.value.s;
        case ZYDIS_MNEMONIC_LEA:
            if (!to_stack) break;
            if (by.mem.base != ZYDIS_REGISTER_RSP || by.mem.index != ZYDIS_REGISTER_NONE) return std::nullopt;
            return by.mem.disp.value;
        default:
            break;
    }
    return writes(instruction, ZYDIS_REGISTER_RSP) ? std::nullopt : std::optional<std::int64_t>(0);
}

std::optional<std::uint64_t> target_of(const PlainInstruction& instruction, std::uint64_t address) {
    if (!instruction.raw.imm[0].is_relative) return std::nullopt;
    return address + instruction.length + static_cast<std::uint64_t>(instruction.raw.imm[0].value.s);
}

}  // namespace footfall
