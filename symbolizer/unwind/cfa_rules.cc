#include "symbolizer/unwind/cfa_rules.h"

#include <dwarf.h>

#include <limits>
#include <optional>

#include "symbolizer/unwind/byte_cursor.h"

namespace footfall {
namespace {

constexpr std::int64_t kUcontextRsp = 160;  // where a signal frame's CFA expression looks for the interrupted rsp
constexpr std::int64_t kSlot = 8;

template <typename Narrow>
bool fits(std::int64_t value) {
    return value >= std::numeric_limits<Narrow>::min() && value <= std::numeric_limits<Narrow>::max();
}

bool is_base_register(std::uint8_t operation) { return operation >= DW_OP_breg0 && operation <= DW_OP_breg31; }

// rsp + 8 + ((rip & 15) >= N ? 8 : 0), as linkers write it. N says which instruction of the stub has pushed.
std::optional<CfaRule> plt_rule(ByteCursor at) {
    const bool starts = at.number<std::uint8_t>() == DW_OP_breg7 && at.sleb() == kSlot &&
                        at.number<std::uint8_t>() == DW_OP_breg16 && at.sleb() == 0 &&
                        at.number<std::uint8_t>() == DW_OP_lit15 && at.number<std::uint8_t>() == DW_OP_and;
    const auto limit = at.number<std::uint8_t>();
    const bool ends = at.number<std::uint8_t>() == DW_OP_ge && at.number<std::uint8_t>() == DW_OP_lit3 &&
                      at.number<std::uint8_t>() == DW_OP_shl && at.number<std::uint8_t>() == DW_OP_plus && at.at_end();
    if (!starts || !ends || !at.ok() || limit < DW_OP_lit0 || limit > DW_OP_lit15) return std::nullopt;
    return CfaRule{CfaRule::Kind::kPlt, kDwarfRsp, limit - DW_OP_lit0, 0};
}

std::int32_t halves(std::int64_t low, std::int64_t high) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(high) << 16) | (static_cast<std::uint32_t>(low) & 0xffffU));
}

// Rules of a register number and an offset.
RowRule row_with_register(std::uint8_t rule, std::uint64_t number, std::int64_t offset) {
    constexpr std::int64_t kMostOffset = (std::int64_t{1} << 23) - 1;
    if (number >= kDwarfReturnAddress || offset > kMostOffset || offset < -kMostOffset) return {FF_CFA_UNSUPPORTED};
    return {rule, FF_RBP_SAME, static_cast<std::int32_t>(offset * 256 + static_cast<std::int64_t>(number))};
}

RowRule row_of_register(const CfaRule& rule) {
    if (!fits<std::int32_t>(rule.offset)) return {FF_CFA_UNSUPPORTED};
    const auto offset = static_cast<std::int32_t>(rule.offset);
    if (rule.base == kDwarfRsp) return {FF_CFA_RSP, FF_RBP_SAME, offset};
    if (rule.base == kDwarfRbp) return {FF_CFA_RBP, FF_RBP_SAME, offset};
    return row_with_register(FF_CFA_REGISTER, rule.base, offset);
}

RowRule row_of_deref(const CfaRule& rule) {
    if (!fits<std::int16_t>(rule.offset) || !fits<std::int16_t>(rule.addend)) return {FF_CFA_UNSUPPORTED};
    if (rule.base == kDwarfRsp) return {FF_CFA_RSP_DEREF, FF_RBP_SAME, halves(rule.offset, rule.addend)};
    if (rule.base == kDwarfRbp) return {FF_CFA_RBP_DEREF, FF_RBP_SAME, halves(rule.offset, rule.addend)};
    return {FF_CFA_UNSUPPORTED};
}

RowRule row_of_cfa(const CfaRule& rule) {
    switch (rule.kind) {
        case CfaRule::Kind::kRegister:
            return row_of_register(rule);
        case CfaRule::Kind::kDeref:
            return row_of_deref(rule);
        case CfaRule::Kind::kPlt:
            return {FF_CFA_PLT, FF_RBP_SAME, static_cast<std::int32_t>(rule.offset)};
        case CfaRule::Kind::kNone:
        case CfaRule::Kind::kOther:
            break;
    }
    return {FF_CFA_UNSUPPORTED};
}

std::int8_t slot_of(std::int64_t offset_from_cfa) {
    const std::int64_t slot = offset_from_cfa / kSlot;
    const bool expressible =
        offset_from_cfa % kSlot == 0 && slot != FF_RBP_SAME && slot > FF_RBP_UNKNOWN && slot < FF_RBP_AT_RBP;
    return static_cast<std::int8_t>(expressible ? slot : FF_RBP_UNKNOWN);
}

// Where the caller's value of a register is: FF_RBX_… are the same numbers as FF_RBP_….
std::int8_t slot_of(const RegisterRule& rule, const CfaRule& cfa) {
    switch (rule.kind) {
        case RegisterRule::Kind::kUnspecified:
        case RegisterRule::Kind::kSame:
            return FF_RBP_SAME;
        case RegisterRule::Kind::kAtCfa:
            return slot_of(rule.offset);
        case RegisterRule::Kind::kAt:
            // A place is the same slot whichever register it is counted from.
            if (cfa.kind == CfaRule::Kind::kRegister && cfa.base == rule.base && fits<std::int32_t>(rule.offset) &&
                fits<std::int32_t>(cfa.offset))
                return slot_of(rule.offset - cfa.offset);
            return FF_RBP_UNKNOWN;
        case RegisterRule::Kind::kUndefined:
        case RegisterRule::Kind::kCfa:
        case RegisterRule::Kind::kInRegister:
        case RegisterRule::Kind::kOther:
            break;
    }
    return FF_RBP_UNKNOWN;
}

std::int8_t rbp_of(const CfaState& state) {
    const RegisterRule& rule = state.rbp;
    const bool is_at_rbp = rule.kind == RegisterRule::Kind::kAt && rule.base == kDwarfRbp && rule.offset == 0;
    return is_at_rbp ? std::int8_t{FF_RBP_AT_RBP} : slot_of(rule, state.cfa);
}

// The return address in a register: vfork keeps it there, whose child overwrites the stack.
RowRule row_of_link(const CfaState& state) {
    const CfaRule& cfa = state.cfa;
    if (cfa.kind != CfaRule::Kind::kRegister || cfa.base != kDwarfRsp || rbp_of(state) != FF_RBP_SAME)
        return {FF_CFA_UNSUPPORTED};
    return row_with_register(FF_CFA_RSP_LINK, state.return_address.base, cfa.offset);
}

bool is_right_below_cfa(const RegisterRule& rule) {
    return rule.kind == RegisterRule::Kind::kAtCfa && rule.offset == -kSlot;
}

// The caller's stack pointer is the CFA unless a rule says otherwise.
bool is_cfa(const RegisterRule& rule) {
    return rule.kind == RegisterRule::Kind::kUnspecified || (rule.kind == RegisterRule::Kind::kCfa && rule.offset == 0);
}

bool is_signal_cfa(const CfaRule& rule) { return rule == CfaRule{CfaRule::Kind::kDeref, kDwarfRsp, kUcontextRsp, 0}; }

}  // namespace

RegisterRule* CfaState::of(std::uint64_t dwarf_register) {
    if (dwarf_register == kDwarfRbp) return &rbp;
    if (dwarf_register == kDwarfRbx) return &rbx;
    if (dwarf_register == kDwarfRsp) return &rsp;
    return dwarf_register == kDwarfReturnAddress ? &return_address : nullptr;
}

CfaRule cfa_of_expression(std::span<const std::uint8_t> expression) {
    constexpr CfaRule kOther{CfaRule::Kind::kOther};
    ByteCursor at(expression);
    if (const auto plt = plt_rule(at)) return *plt;
    const auto first = at.number<std::uint8_t>();
    if (!is_base_register(first)) return kOther;
    CfaRule rule{CfaRule::Kind::kRegister, static_cast<std::uint64_t>(first - DW_OP_breg0), at.sleb(), 0};
    if (at.at_end()) return at.ok() ? rule : kOther;
    if (at.number<std::uint8_t>() != DW_OP_deref) return kOther;
    rule.kind = CfaRule::Kind::kDeref;
    if (at.at_end()) return at.ok() ? rule : kOther;
    if (at.number<std::uint8_t>() != DW_OP_plus_uconst) return kOther;
    const std::uint64_t addend = at.uleb();
    rule.addend = static_cast<std::int64_t>(addend);
    return at.ok() && at.at_end() && rule.addend >= 0 ? rule : kOther;
}

RegisterRule place_of_expression(std::span<const std::uint8_t> expression) {
    ByteCursor at(expression);
    const auto first = at.number<std::uint8_t>();
    const std::int64_t offset = at.sleb();
    if (!is_base_register(first) || !at.ok() || !at.at_end()) return {RegisterRule::Kind::kOther};
    return {RegisterRule::Kind::kAt, static_cast<std::uint64_t>(first - DW_OP_breg0), offset};
}

RowRule row_of(const CfaState& state, bool signal_frame) {
    if (state.return_address.kind == RegisterRule::Kind::kUndefined) return {FF_CFA_OUTERMOST};
    if (signal_frame && is_signal_cfa(state.cfa)) return {FF_CFA_SIGNAL};
    if (!is_cfa(state.rsp)) return {FF_CFA_UNSUPPORTED};
    if (state.return_address.kind == RegisterRule::Kind::kInRegister) return row_of_link(state);
    if (!is_right_below_cfa(state.return_address)) return {FF_CFA_UNSUPPORTED};
    RowRule row = row_of_cfa(state.cfa);
    if (row.cfa == FF_CFA_UNSUPPORTED) return row;
    row.rbp = rbp_of(state);
    row.rbx = slot_of(state.rbx, state.cfa);
    return row;
}

}  // namespace footfall
