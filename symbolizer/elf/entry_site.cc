#include "symbolizer/elf/entry_site.h"

#include <algorithm>
#include <array>
#include <vector>

#include "symbolizer/elf/instruction.h"

namespace footfall {
namespace {

constexpr unsigned kMostInstructions = 24;

constexpr std::array<ZydisRegister, kMostSiteArguments> kArguments{
    ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_R8, ZYDIS_REGISTER_R9};
constexpr std::array<ZydisRegister, kMostSiteArguments> kGoArguments{
    ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_R8};

bool is_register_move(const Instruction& decoded) {
    return decoded.instruction.mnemonic == ZYDIS_MNEMONIC_MOV && decoded.instruction.operand_width == 64 &&
           decoded.operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           decoded.operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

bool writes_argument(const Instruction& decoded, SiteArguments arguments) {
    const auto& registers = arguments.go ? kGoArguments : kArguments;
    for (unsigned i = 0; i < arguments.count && i < registers.size(); ++i) {
        if (writes(decoded, registers[i])) return true;
    }
    return false;
}

// Does a jump lead to between them, the latter included? What lies behind, up to the next jump, would run more than once in
// a call.
bool is_jumped_into(const InstructionDecoder& decoder, std::span<const std::uint8_t> code, std::uint64_t first,
                    std::uint64_t last) {
    for (std::uint64_t at = 0; at < code.size();) {
        const auto decoded = decoder.decode_plain(code.subspan(at));
        if (!decoded) return false;
        const auto target = target_of(*decoded, at);
        if (target && *target >= first && *target <= last && decoded->meta.category != ZYDIS_CATEGORY_CALL) return true;
        at += decoded->length;
    }
    return false;
}

// Where a function of Go goes on once there is room on its stack: behind the branch to what makes some, and jumps back to
// the first byte. 0 where it doesn't ask.
std::uint64_t behind_stack_check(const InstructionDecoder& decoder, std::span<const std::uint8_t> code) {
    constexpr unsigned kMostLooked = 8;
    if (!begins_like_go(code) && !begins_like_old_go(code)) return 0;
    std::uint64_t at = 0;
    bool compared = false;
    for (unsigned i = 0; i < kMostLooked && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded || (leaves(decoded->instruction) && decoded->category() != ZYDIS_CATEGORY_COND_BR)) return 0;
        at += decoded->instruction.length;
        compared = compared || decoded->instruction.mnemonic == ZYDIS_MNEMONIC_CMP;
        if (compared && decoded->category() == ZYDIS_CATEGORY_COND_BR) return is_jumped_into(decoder, code, 0, 0) ? at : 0;
    }
    return 0;
}

}  // namespace

std::optional<EntrySite> cheapest_entry_site(std::span<const std::uint8_t> code, SiteNeed need, SiteArguments arguments) {
    const InstructionDecoder decoder;
    const std::uint64_t begin = behind_stack_check(decoder, code);
    std::optional<EntrySite> first;
    std::optional<std::int64_t> moved = 0;
    std::uint64_t at = begin;
    for (unsigned i = 0; i < kMostInstructions && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) break;
        const EntrySite site{at, is_emulated(decoded->instruction), mnemonic_of(*decoded),
                             static_cast<std::uint64_t>(-moved.value_or(0))};
        const bool taken = takes_probe(decoded->instruction);
        // A jump to the first byte is another call.
        const auto runs_once = [&] {
            return at == 0 || !is_jumped_into(decoder, code, std::max<std::uint64_t>(begin, 1), at);
        };
        if (taken && !first && (at == begin || runs_once())) first = site;
        if (taken && site.emulated) {
            if (runs_once()) return site;
            break;
        }
        if (leaves(decoded->instruction) || writes_argument(*decoded, arguments)) break;
        const auto moves = stack_moved_by(*decoded);
        moved = moved && moves ? std::optional(*moved + *moves) : std::nullopt;
        if (need == SiteNeed::kArgumentsAndReturn && moved != 0) break;
        if (need == SiteNeed::kArgumentsAndStack && !moved) break;
        at += decoded->instruction.length;
    }
    return first;
}

std::optional<EntrySite> nop_site(std::span<const std::uint8_t> code) {
    const auto decoded = InstructionDecoder().decode(code);
    if (!decoded || decoded->instruction.mnemonic != ZYDIS_MNEMONIC_NOP) return std::nullopt;
    return EntrySite{0, is_emulated(decoded->instruction), mnemonic_of(*decoded)};
}

std::optional<std::uint64_t> inner_function(std::span<const std::uint8_t> code, std::uint64_t address, unsigned arguments) {
    const InstructionDecoder decoder;
    std::uint64_t at = 0;
    for (unsigned i = 0; i < kMostInstructions && at < code.size(); ++i) {
        const auto decoded = decoder.decode(code.subspan(at));
        if (!decoded) return std::nullopt;
        const auto category = decoded->instruction.meta.category;
        // A jump that the function does not come back from is a call as well.
        if (category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_UNCOND_BR)
            return target_of(decoded->instruction, address + at);
        const bool goes_on = category == ZYDIS_CATEGORY_COND_BR || !leaves(decoded->instruction);
        if (!goes_on || writes_argument(*decoded, {arguments})) return std::nullopt;
        at += decoded->instruction.length;
    }
    return std::nullopt;
}

std::vector<std::uint64_t> return_sites(std::span<const std::uint8_t> code) {
    const InstructionDecoder decoder;
    std::vector<std::uint64_t> sites;
    for (std::uint64_t at = 0; at < code.size();) {
        const auto decoded = decoder.decode_plain(code.subspan(at));
        if (!decoded) break;
        if (decoded->meta.category == ZYDIS_CATEGORY_RET) sites.push_back(at);
        at += decoded->length;
    }
    return sites;
}

bool begins_like_go(std::span<const std::uint8_t> code) {
    constexpr unsigned kMostLooked = 3;
    const InstructionDecoder decoder;
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
    const auto decoded = InstructionDecoder().decode(code);
    if (!decoded || decoded->instruction.mnemonic != ZYDIS_MNEMONIC_MOV) return false;
    const ZydisDecodedOperand& from = decoded->operands[1];
    return from.type == ZYDIS_OPERAND_TYPE_MEMORY && from.mem.segment == ZYDIS_REGISTER_FS &&
           from.mem.base == ZYDIS_REGISTER_NONE && from.mem.disp.value == kGoroutine;
}

bool uses_argument(std::span<const std::uint8_t> code, unsigned argument) {
    constexpr unsigned kMostLooked = 64;
    const InstructionDecoder decoder;
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
    const InstructionDecoder decoder;
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
