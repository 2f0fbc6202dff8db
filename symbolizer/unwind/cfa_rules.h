// What call frame information says about one address, and the row of the unwind table that says the same.
//
// Only what a walk on x86-64 needs is kept: the CFA, and where the caller's rbp, rbx, rsp and return address are. Plain
// values and pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/contract/unwind_table.h"

namespace footfall {

constexpr std::uint64_t kDwarfRbx = 3;
constexpr std::uint64_t kDwarfRbp = 6;
constexpr std::uint64_t kDwarfRsp = 7;
constexpr std::uint64_t kDwarfReturnAddress = 16;

struct CfaRule {
    enum class Kind : std::uint8_t {
        kNone,
        kRegister,  // base + offset
        kDeref,     // *(base + offset) + addend
        kPlt,       // rsp + 8, and 8 more if (rip & 15) >= offset
        kOther,
    };
    Kind kind = Kind::kNone;
    std::uint64_t base = 0;  // a DWARF register number
    std::int64_t offset = 0;
    std::int64_t addend = 0;
    bool operator==(const CfaRule&) const = default;
};

struct RegisterRule {
    enum class Kind : std::uint8_t {
        kUnspecified,
        kSame,
        kUndefined,
        kAtCfa,       // saved at CFA + offset
        kCfa,         // is CFA + offset
        kAt,          // saved at base + offset
        kInRegister,  // base
        kOther,
    };
    Kind kind = Kind::kUnspecified;
    std::uint64_t base = 0;
    std::int64_t offset = 0;
    bool operator==(const RegisterRule&) const = default;
};

struct CfaState {
    CfaRule cfa;
    RegisterRule rbp, rbx, rsp, return_address;

    // The rule of that register; nullptr for those that are not followed.
    RegisterRule* of(std::uint64_t dwarf_register);
};

// A row without its address.
struct RowRule {
    std::uint8_t cfa = FF_CFA_NONE;
    std::int8_t rbp = FF_RBP_SAME;
    std::int32_t offset = 0;
    std::int8_t rbx = FF_RBX_SAME;
    bool operator==(const RowRule&) const = default;
};

// The two kinds of DWARF expressions that call frame information consists of in practice; what is neither is kOther.
[[nodiscard]] CfaRule cfa_of_expression(std::span<const std::uint8_t> expression);
[[nodiscard]] RegisterRule place_of_expression(std::span<const std::uint8_t> expression);

// signal_frame: the CIE says that the frame is a signal handler's caller.
[[nodiscard]] RowRule row_of(const CfaState& state, bool signal_frame);

}  // namespace footfall
