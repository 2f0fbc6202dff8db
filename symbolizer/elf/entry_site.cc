#include "symbolizer/elf/entry_site.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <vector>

namespace footfall {
namespace {

constexpr unsigned kMostInstructions = 24;

class Decoder {
public:
    Decoder() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

    struct Decoded {
        ZydisDecodedInstruction instruction{};
        std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};
    };

    [[nodiscard]] std::optional<Decoded> decode(std::span<const std::uint8_t> code) const {
        Decoded decoded;
        const ZyanStatus status =
            ZydisDecoderDecodeFull(&decoder_, code.data(), code.size(), &decoded.instruction, decoded.operands.data());
        return ZYAN_SUCCESS(status) ? std::optional(decoded) : std::nullopt;
    }

private:
    ZydisDecoder decoder_{};
};

using Decoded = Decoder::Decoded;

std::string name_of(const Decoded& decoded) { return ZydisMnemonicGetString(decoded.instruction.mnemonic); }

bool is_one_byte_nop(const ZydisDecodedInstruction& instruction) {
    return instruction.mnemonic == ZYDIS_MNEMONIC_NOP && instruction.opcode == 0x90 && instruction.length == 1;
}

bool is_register_push(const ZydisDecodedInstruction& instruction) {
    return instruction.mnemonic == ZYDIS_MNEMONIC_PUSH && instruction.opcode >= 0x50 && instruction.opcode <= 0x57 &&
           (instruction.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) == 0;
}

bool is_direct_branch(const ZydisDecodedInstruction& instruction) {
    const bool is_branch = instruction.meta.category == ZYDIS_CATEGORY_COND_BR ||
                           instruction.meta.category == ZYDIS_CATEGORY_UNCOND_BR ||
                           instruction.meta.category == ZYDIS_CATEGORY_CALL;
    // loop and jrcxz are relative, too, and not emulated.
    const bool is_loop =
        instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && instruction.opcode >= 0xe0 && instruction.opcode <= 0xe3;
    return is_branch && !is_loop && instruction.raw.imm[0].is_relative;
}

bool is_emulated(const ZydisDecodedInstruction& instruction) {
    return is_one_byte_nop(instruction) || is_register_push(instruction) || is_direct_branch(instruction);
}

bool leaves(const ZydisDecodedInstruction& instruction) {
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

constexpr std::array<ZydisRegister, kMostSiteArguments> kArguments{ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_RSI,
                                                                   ZYDIS_REGISTER_RDX, ZYDIS_REGISTER_RCX};

bool is_part_of(ZydisRegister part, ZydisRegister whole) {
    return part != ZYDIS_REGISTER_NONE && ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, part) == whole;
}

bool acts_on(const ZydisDecodedOperand& operand, ZydisOperandActions actions, ZydisRegister whole) {
    return operand.type == ZYDIS_OPERAND_TYPE_REGISTER && (operand.actions & actions) != 0 &&
           is_part_of(operand.reg.value, whole);
}

// Does it write to that register, or to a part of it?
bool writes(const Decoded& decoded, ZydisRegister whole) {
    for (std::size_t i = 0; i < decoded.instruction.operand_count; ++i) {
        if (acts_on(decoded.operands[i], ZYDIS_OPERAND_ACTION_MASK_WRITE, whole)) return true;
    }
    return false;
}

bool reads(const Decoded& decoded, ZydisRegister whole) {
    for (std::size_t i = 0; i < decoded.instruction.operand_count; ++i) {
        const ZydisDecodedOperand& operand = decoded.operands[i];
        if (acts_on(operand, ZYDIS_OPERAND_ACTION_MASK_READ, whole)) return true;
        const bool is_memory = operand.type == ZYDIS_OPERAND_TYPE_MEMORY;
        if (is_memory && (is_part_of(operand.mem.base, whole) || is_part_of(operand.mem.index, whole))) return true;
    }
    return false;
}

bool is_register_move(const Decoded& decoded) {
    return decoded.instruction.mnemonic == ZYDIS_MNEMONIC_MOV && decoded.instruction.operand_width == 64 &&
           decoded.operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           decoded.operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

bool writes_argument(const Decoded& decoded, unsigned arguments) {
    for (unsigned i = 0; i < arguments && i < kArguments.size(); ++i) {
        if (writes(decoded, kArguments[i])) return true;
    }
    return false;
}

std::optional<std::uint64_t> target_of(const Decoded& decoded, std::uint64_t address) {
    ZyanU64 target = 0;
    if (!decoded.instruction.raw.imm[0].is_relative) return std::nullopt;
    const ZyanStatus status = ZydisCalcAbsoluteAddress(&decoded.instruction, decoded.operands.data(), address, &target);
    return ZYAN_SUCCESS(status) ? std::optional<std::uint64_t>(target) : std::nullopt;
}

// A loop back to it would make it run more than once for a call.
bool is_jumped_to(const Decoder& decoder, std::span<const std::uint8_t> code, std::uint64_t site) {
    for (std::uint64_t at = 0; at < code.size();) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) return false;
        if (target_of(*decoded, at) == site) return true;
        at += decoded->instruction.length;
    }
    return false;
}

}  // namespace

std::optional<EntrySite> cheapest_entry_site(std::span<const std::uint8_t> code, SiteNeed need, unsigned arguments) {
    const Decoder decoder;
    std::optional<EntrySite> first;
    std::uint64_t at = 0;
    for (unsigned i = 0; i < kMostInstructions && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) break;
        const bool emulated = is_emulated(decoded->instruction);
        if (!first) first = EntrySite{0, emulated, name_of(*decoded)};
        if (emulated) {
            if (at == 0 || !is_jumped_to(decoder, code, at)) return EntrySite{at, true, name_of(*decoded)};
            break;
        }
        const bool moves_stack = need == SiteNeed::kArgumentsAndReturn && writes(*decoded, ZYDIS_REGISTER_RSP);
        if (leaves(decoded->instruction) || moves_stack || writes_argument(*decoded, arguments)) break;
        at += decoded->instruction.length;
    }
    return first;
}

std::optional<std::uint64_t> inner_function(std::span<const std::uint8_t> code, std::uint64_t address, unsigned arguments) {
    const Decoder decoder;
    std::uint64_t at = 0;
    for (unsigned i = 0; i < kMostInstructions && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) return std::nullopt;
        const auto category = decoded->instruction.meta.category;
        // A jump that the function does not come back from is a call as well.
        if (category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_UNCOND_BR)
            return target_of(*decoded, address + at);
        const bool goes_on = category == ZYDIS_CATEGORY_COND_BR || !leaves(decoded->instruction);
        if (!goes_on || writes_argument(*decoded, arguments)) return std::nullopt;
        at += decoded->instruction.length;
    }
    return std::nullopt;
}

std::vector<std::uint64_t> return_sites(std::span<const std::uint8_t> code) {
    const Decoder decoder;
    std::vector<std::uint64_t> sites;
    for (std::uint64_t at = 0; at < code.size();) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) break;
        if (decoded->instruction.meta.category == ZYDIS_CATEGORY_RET) sites.push_back(at);
        at += decoded->instruction.length;
    }
    return sites;
}

bool begins_like_go(std::span<const std::uint8_t> code) {
    constexpr unsigned kMostLooked = 3;
    const Decoder decoder;
    std::uint64_t at = 0;
    for (unsigned i = 0; i < kMostLooked && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) return false;
        if (decoded->instruction.mnemonic == ZYDIS_MNEMONIC_CMP && reads(*decoded, ZYDIS_REGISTER_R14)) return true;
        at += decoded->instruction.length;
    }
    return false;
}

bool begins_like_old_go(std::span<const std::uint8_t> code) {
    constexpr std::int64_t kGoroutine = -8;
    const auto decoded = Decoder().decode(code);
    if (!decoded || decoded->instruction.mnemonic != ZYDIS_MNEMONIC_MOV) return false;
    const ZydisDecodedOperand& from = decoded->operands[1];
    return from.type == ZYDIS_OPERAND_TYPE_MEMORY && from.mem.segment == ZYDIS_REGISTER_FS &&
           from.mem.base == ZYDIS_REGISTER_NONE && from.mem.disp.value == kGoroutine;
}

bool uses_argument(std::span<const std::uint8_t> code, unsigned argument) {
    constexpr unsigned kMostLooked = 64;
    const Decoder decoder;
    const ZydisRegister whole = kArguments.at(argument - 1);
    std::uint64_t at = 0;
    for (unsigned i = 0; i < kMostLooked && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) return false;
        if (reads(*decoded, whole)) return true;
        const bool goes_on = decoded->instruction.meta.category == ZYDIS_CATEGORY_COND_BR || !leaves(decoded->instruction);
        if (!goes_on || writes(*decoded, whole)) return false;
        at += decoded->instruction.length;
    }
    return false;
}

bool reads_through_argument(std::span<const std::uint8_t> code, unsigned argument) {
    constexpr unsigned kMostLooked = 64;
    const Decoder decoder;
    std::vector<ZydisRegister> copies{kArguments.at(argument - 1)};
    std::uint64_t at = 0;
    for (unsigned i = 0; i < kMostLooked && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) return false;
        const auto is_copy = [&](ZydisRegister part) {
            return std::any_of(copies.begin(), copies.end(), [&](ZydisRegister whole) { return is_part_of(part, whole); });
        };
        for (std::size_t j = 0; j < decoded->instruction.operand_count; ++j) {
            const ZydisDecodedOperand& operand = decoded->operands[j];
            if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM &&
                is_copy(operand.mem.base))
                return true;
        }
        const bool goes_on = decoded->instruction.meta.category == ZYDIS_CATEGORY_COND_BR || !leaves(decoded->instruction);
        if (!goes_on) return false;
        const bool copied = is_register_move(*decoded) && is_copy(decoded->operands[1].reg.value);
        std::erase_if(copies, [&](ZydisRegister whole) { return writes(*decoded, whole); });
        if (copied) copies.push_back(decoded->operands[0].reg.value);
        at += decoded->instruction.length;
    }
    return false;
}

}  // namespace footfall
