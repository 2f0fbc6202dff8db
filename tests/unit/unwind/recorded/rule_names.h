// The rules of an unwind row by name, as recordings have them: so that they don't hang on the contract's numbers.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "bpf/contract/unwind_table.h"

namespace footfall {

struct RuleName {
    ff_cfa_rule rule;
    std::string_view name;
};

inline constexpr std::array<RuleName, 12> kRuleNames = {{
    {FF_CFA_NONE, "none"},
    {FF_CFA_OUTERMOST, "outermost"},
    {FF_CFA_RSP, "rsp"},
    {FF_CFA_RBP, "rbp"},
    {FF_CFA_RBP_ELSEWHERE, "rbp_elsewhere"},
    {FF_CFA_RSP_DEREF, "rsp_deref"},
    {FF_CFA_RBP_DEREF, "rbp_deref"},
    {FF_CFA_PLT, "plt"},
    {FF_CFA_SIGNAL, "signal"},
    {FF_CFA_REGISTER, "register"},
    {FF_CFA_RSP_LINK, "rsp_link"},
    {FF_CFA_UNSUPPORTED, "unsupported"},
}};

}  // namespace footfall
