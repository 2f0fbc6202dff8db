#include "symbolizer/functions/indirect_jumps.h"

#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kMostLookedBack = 12;  // instructions

bool is_frame_set(const Instruction& decoded) {
    return decoded.instruction.mnemonic == ZYDIS_MNEMONIC_MOV && decoded.operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           decoded.operands[0].reg.value == ZYDIS_REGISTER_RBP && decoded.operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           decoded.operands[1].reg.value == ZYDIS_REGISTER_RSP;
}

bool is_lea_of_frame(const Instruction& decoded) {
    return decoded.instruction.mnemonic == ZYDIS_MNEMONIC_LEA && decoded.operands[0].reg.value == ZYDIS_REGISTER_RSP &&
           decoded.operands[1].mem.base == ZYDIS_REGISTER_RBP && decoded.operands[1].mem.index == ZYDIS_REGISTER_NONE;
}

bool has_index(const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.index != ZYDIS_REGISTER_NONE;
}

}  // namespace

IndirectJumps::IndirectJumps(const FunctionBody& body, std::uint64_t entry) : body_(body), depths_(body.steps().size()) {
    follow(entry);
}

void IndirectJumps::follow(std::uint64_t entry) {
    std::vector<std::pair<std::size_t, Depth>> open;
    if (const auto first = body_.step_at(entry)) open.push_back({*first, {0, std::nullopt}});
    while (!open.empty()) {
        const auto [step, depth] = open.back();
        open.pop_back();
        if (depths_[step]) continue;
        depths_[step] = depth;
        const Step& at = body_.steps()[step];
        const Depth after = behind(depth, step);
        const bool jumps = at.flow == Flow::kJump || at.flow == Flow::kBranch;
        if (const auto target = jumps ? body_.step_at(at.target) : std::nullopt) open.push_back({*target, after});
        if (const auto next = body_.next_of(step)) open.push_back({*next, after});
    }
}

IndirectJumps::Depth IndirectJumps::behind(const Depth& before, std::size_t step) const {
    const Instruction decoded = body_.instruction(body_.steps()[step]);
    Depth after = before;
    if (decoded.instruction.mnemonic == ZYDIS_MNEMONIC_LEAVE) {
        after.stack = before.frame ? std::optional(*before.frame - 8) : std::nullopt;
        after.frame.reset();
        return after;
    }
    if (is_lea_of_frame(decoded)) {
        after.stack = before.frame ? std::optional(*before.frame - decoded.operands[1].mem.disp.value) : std::nullopt;
        return after;
    }
    const auto moved = stack_moved_by(decoded);
    after.stack = before.stack && moved ? std::optional(*before.stack - *moved) : std::nullopt;
    if (is_frame_set(decoded)) {
        after.frame = before.stack;
    } else if (writes(decoded, ZYDIS_REGISTER_RBP)) {
        after.frame.reset();
    }
    return after;
}

IndirectJumps::Source IndirectJumps::source_of(std::size_t step, const Instruction& jump) const {
    const ZydisDecodedOperand& place = jump.operands[0];
    if (place.type != ZYDIS_OPERAND_TYPE_REGISTER) return has_index(place) ? Source::kIndexed : Source::kPlain;
    const ZydisRegister whole = place.reg.value;
    for (std::size_t back = 0; back < kMostLookedBack && step > 0; ++back) {
        --step;
        const Step& at = body_.steps()[step];
        if (at.end() != body_.steps()[step + 1].address || at.flow != Flow::kOn) break;
        const Instruction decoded = body_.instruction(at);
        if (!writes(decoded, whole)) continue;
        const auto mnemonic = decoded.instruction.mnemonic;
        if (mnemonic == ZYDIS_MNEMONIC_ADD || mnemonic == ZYDIS_MNEMONIC_MOVSXD) return Source::kDifference;
        return has_index(decoded.operands[1]) ? Source::kIndexed : Source::kPlain;
    }
    return Source::kPlain;
}

IndirectJumps::Kind IndirectJumps::kind_of(std::size_t step) const {
    const Instruction jump = body_.instruction(body_.steps()[step]);
    if ((jump.instruction.attributes & ZYDIS_ATTRIB_HAS_NOTRACK) != 0) return Kind::kInside;
    const Source source = source_of(step, jump);
    if (source == Source::kDifference) return Kind::kInside;
    // By way of the table that the dynamic linker fills.
    const ZydisDecodedOperand& place = jump.operands[0];
    if (place.type == ZYDIS_OPERAND_TYPE_MEMORY && place.mem.base == ZYDIS_REGISTER_RIP) return Kind::kTailCall;
    const auto& depth = depths_[step];
    if (!depth || !depth->stack) return Kind::kUnknown;
    if (*depth->stack != 0) return Kind::kInside;
    return source == Source::kPlain ? Kind::kTailCall : Kind::kUnknown;
}

}  // namespace footfall
