#include "symbolizer/elf/instruction.h"

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
