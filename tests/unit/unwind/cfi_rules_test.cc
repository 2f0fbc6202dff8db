// Call frame information as assemblers write it: the functions below exist for their .cfi directives only. The table is made
// of this very program.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "agent/base/fd.h"
#include "tests/unit/unwind/memory_table.h"

// Each function has some bytes to stand on. Labels name the places that are asked about.
asm(R"(
    .text
    .p2align 4
    .macro begin name
    .globl cfi_\name
    cfi_\name:
    .cfi_startproc
    nop
    .endm
    .macro end
    .skip 20, 0x90
    .cfi_endproc
    .endm

    begin pushed
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    nop
    .globl cfi_framed
    cfi_framed:
    .cfi_def_cfa_register rbp
    nop
    .globl cfi_left
    cfi_left:
    .cfi_remember_state
    .cfi_restore rbp
    .cfi_def_cfa rsp, 8
    nop
    .globl cfi_framed_again
    cfi_framed_again:
    .cfi_restore_state
    end

    begin far
    .skip 300, 0x90
    .cfi_def_cfa_offset 24
    .globl cfi_far_300
    cfi_far_300:
    .skip 70000, 0x90
    .cfi_def_cfa_offset 40
    .globl cfi_far_70000
    cfi_far_70000:
    end

    begin rbx_saved
    .cfi_def_cfa_offset 24
    .cfi_offset rbx, -24
    nop
    .globl cfi_rbx_saved_body
    cfi_rbx_saved_body:
    nop
    .cfi_undefined rbx
    .globl cfi_rbx_lost
    cfi_rbx_lost:
    end

    begin realigned
    .cfi_escape 0x0f, 3, 0x76, 0x78, 0x06
    .cfi_escape 0x10, 6, 2, 0x76, 0
    nop
    .globl cfi_realigned_body
    cfi_realigned_body:
    end

    begin openssl
    .cfi_escape 0x0f, 6, 0x77, 0x98, 0x01, 0x06, 0x23, 0x08
    nop
    .globl cfi_openssl_body
    cfi_openssl_body:
    end

    begin by_r10
    .cfi_def_cfa r10, -16
    nop
    .globl cfi_by_r10_body
    cfi_by_r10_body:
    end

    begin plt
    .cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22
    nop
    .globl cfi_plt_11
    cfi_plt_11:
    nop
    .cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3a, 0x2a, 0x33, 0x24, 0x22
    nop
    .globl cfi_plt_10
    cfi_plt_10:
    end

    begin outermost
    .cfi_undefined rip
    nop
    .globl cfi_outermost_body
    cfi_outermost_body:
    end

    .globl cfi_signal
    cfi_signal:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06
    end

    begin unsupported
    .cfi_escape 0x0f, 3, 0x76, 0x78, 0x96
    nop
    .globl cfi_unknown_expression
    cfi_unknown_expression:
    nop
    .cfi_def_cfa rsp, 8
    .cfi_offset rsp, -24
    nop
    .globl cfi_other_stack
    cfi_other_stack:
    end

    begin vfork
    .cfi_def_cfa_offset 0
    .cfi_register rip, rdi
    nop
    .globl cfi_return_address_in_rdi
    cfi_return_address_in_rdi:
    nop
    .cfi_def_cfa_offset 8
    nop
    .globl cfi_return_address_pushed_again
    cfi_return_address_pushed_again:
    nop
    .cfi_offset rbp, -16
    nop
    .globl cfi_return_address_in_rdi_rbp_saved
    cfi_return_address_in_rdi_rbp_saved:
    nop
    .cfi_restore rbp
    .cfi_def_cfa_register rbp
    nop
    .globl cfi_return_address_in_rdi_by_rbp
    cfi_return_address_in_rdi_by_rbp:
    end

    begin rbp_lost
    .cfi_register rbp, rbx
    nop
    .globl cfi_rbp_in_rbx
    cfi_rbp_in_rbx:
    nop
    .cfi_undefined rbp
    nop
    .globl cfi_rbp_undefined
    cfi_rbp_undefined:
    nop
    .cfi_offset rbp, -2048
    nop
    .globl cfi_rbp_too_far
    cfi_rbp_too_far:
    nop
    .cfi_offset rbp, -1016
    nop
    .globl cfi_rbp_farthest
    cfi_rbp_farthest:
    nop
    .cfi_same_value rbp
    nop
    .globl cfi_rbp_same
    cfi_rbp_same:
    nop
    .cfi_escape 0x14, 6, 2
    nop
    .globl cfi_rbp_val_offset
    cfi_rbp_val_offset:
    end

    begin rbp_at_rsp
    .cfi_def_cfa_offset 32
    .cfi_escape 0x10, 6, 2, 0x77, 8
    nop
    .globl cfi_rbp_at_rsp_body
    cfi_rbp_at_rsp_body:
    end

    begin factored
    .cfi_escape 0x12, 7, 0x7c
    .cfi_escape 0x11, 6, 2
    .cfi_escape 0x2e, 16
    nop
    .globl cfi_factored_body
    cfi_factored_body:
    nop
    .cfi_escape 0x13, 0x7a
    .cfi_escape 0x05, 6, 3
    nop
    .globl cfi_factored_more
    cfi_factored_more:
    nop
    .cfi_escape 0x06, 6
    nop
    .globl cfi_restored
    cfi_restored:
    end

    .globl cfi_undescribed
    cfi_undescribed:
    .skip 40, 0x90

    begin behind_gap
    end
    .skip 8, 0x90
    begin behind_padding
    end
)");

extern "C" {
extern const char __ehdr_start, cfi_rbx_saved_body, cfi_rbx_lost, cfi_pushed, cfi_framed, cfi_left, cfi_framed_again,
    cfi_far_300, cfi_far_70000, cfi_realigned_body, cfi_openssl_body, cfi_by_r10_body, cfi_plt_11, cfi_plt_10,
    cfi_outermost_body, cfi_signal, cfi_unknown_expression, cfi_return_address_in_rdi, cfi_return_address_pushed_again,
    cfi_return_address_in_rdi_rbp_saved, cfi_return_address_in_rdi_by_rbp, cfi_other_stack, cfi_rbp_in_rbx,
    cfi_rbp_undefined, cfi_rbp_too_far, cfi_rbp_farthest, cfi_rbp_same, cfi_rbp_val_offset, cfi_rbp_at_rsp_body,
    cfi_factored_body, cfi_factored_more, cfi_restored, cfi_undescribed, cfi_behind_gap, cfi_behind_padding;
}

namespace footfall {
namespace {

class CfiRules : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        table = new MemoryTable;
        const auto summary = build_unwind_table(self.get(), *table);
        ASSERT_TRUE(summary) << summary.error().what;
        EXPECT_EQ(summary->malformed, 0U);
        EXPECT_TRUE(table->ascending);
    }
    static void TearDownTestSuite() { delete table; }

    // The program is position independent: its addresses count from its ELF header.
    static std::uint64_t address_of(const char& label) { return static_cast<std::uint64_t>(&label - &__ehdr_start); }

    static ff_unwind_row row_at(const char& label) {
        const ff_unwind_row* row = table->row_at(address_of(label));
        if (row == nullptr) return {0, FF_CFA_UNSUPPORTED + 1, 0, 0, 0};
        return {0, row->cfa, row->rbp, row->rbx, row->offset};
    }

    inline static MemoryTable* table = nullptr;
};

constexpr std::int32_t halves(int low, int high) { return (high << 16) | (low & 0xffff); }

TEST_F(CfiRules, ThePlainWayInAndOutOfAFunction) {
    EXPECT_EQ(row_at(cfi_pushed), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 8}));
    EXPECT_EQ(row_at(*(&cfi_pushed + 1)), (ff_unwind_row{0, FF_CFA_RSP, -2, 0, 16}));
    EXPECT_EQ(row_at(cfi_framed), (ff_unwind_row{0, FF_CFA_RBP, -2, 0, 16}));
    EXPECT_EQ(row_at(cfi_left), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 8}));
    EXPECT_EQ(row_at(cfi_framed_again), (ff_unwind_row{0, FF_CFA_RBP, -2, 0, 16}));
}

TEST_F(CfiRules, LongFunctionsContinueOnTheNextPage) {
    EXPECT_EQ(row_at(cfi_far_300), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 24}));
    EXPECT_EQ(row_at(cfi_far_70000), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 40}));
    const std::uint64_t next_page = (address_of(cfi_far_300) >> FF_UNWIND_PAGE_SHIFT) + 1;
    ASSERT_TRUE(table->pages.contains(next_page));
    EXPECT_EQ(table->pages.at(next_page).front(), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 24}));
}

TEST_F(CfiRules, EveryPageBeginsWithARowAndMergesEqualNeighbours) {
    for (const auto& [number, rows] : table->pages) {
        ASSERT_FALSE(rows.empty());
        EXPECT_EQ(rows.front().address, 0);
        for (std::size_t i = 1; i < rows.size(); ++i) {
            ASSERT_LT(rows[i - 1].address, rows[i].address);
            ff_unwind_row before = rows[i - 1];
            before.address = rows[i].address;
            ASSERT_FALSE(before == rows[i]) << number;
        }
    }
}

TEST_F(CfiRules, WhereRbxWasSaved) {
    EXPECT_EQ(row_at(cfi_rbx_saved_body), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, -3, 24}));
    EXPECT_EQ(row_at(cfi_rbx_lost), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, FF_RBX_UNKNOWN, 24}));
}

TEST_F(CfiRules, RealignedStacks) {
    EXPECT_EQ(row_at(cfi_realigned_body), (ff_unwind_row{0, FF_CFA_RBP_DEREF, FF_RBP_AT_RBP, 0, halves(-8, 0)}));
    EXPECT_EQ(row_at(cfi_openssl_body), (ff_unwind_row{0, FF_CFA_RSP_DEREF, FF_RBP_SAME, 0, halves(152, 8)}));
    EXPECT_EQ(row_at(cfi_by_r10_body), (ff_unwind_row{0, FF_CFA_REGISTER, FF_RBP_SAME, 0, -16 * 256 + 10}));
}

TEST_F(CfiRules, BothShapesOfPltStubs) {
    EXPECT_EQ(row_at(cfi_plt_11), (ff_unwind_row{0, FF_CFA_PLT, FF_RBP_SAME, 0, 11}));
    EXPECT_EQ(row_at(cfi_plt_10), (ff_unwind_row{0, FF_CFA_PLT, FF_RBP_SAME, 0, 10}));
}

TEST_F(CfiRules, TheEndsOfStacksAndSignals) {
    EXPECT_EQ(row_at(cfi_outermost_body).cfa, FF_CFA_OUTERMOST);
    EXPECT_EQ(row_at(cfi_signal).cfa, FF_CFA_SIGNAL);
}

// As glibc's vfork has it.
TEST_F(CfiRules, AReturnAddressInARegister) {
    EXPECT_EQ(row_at(cfi_return_address_in_rdi), (ff_unwind_row{0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 5}));
    EXPECT_EQ(row_at(cfi_return_address_pushed_again), (ff_unwind_row{0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 8 * 256 + 5}));
}

TEST_F(CfiRules, WhatNoRowCanSayIsUnsupported) {
    EXPECT_EQ(row_at(cfi_unknown_expression).cfa, FF_CFA_UNSUPPORTED);
    EXPECT_EQ(row_at(cfi_return_address_in_rdi_rbp_saved).cfa, FF_CFA_UNSUPPORTED);
    EXPECT_EQ(row_at(cfi_return_address_in_rdi_by_rbp).cfa, FF_CFA_UNSUPPORTED);
    EXPECT_EQ(row_at(cfi_other_stack).cfa, FF_CFA_UNSUPPORTED);
}

TEST_F(CfiRules, WhereRbpIs) {
    EXPECT_EQ(row_at(cfi_rbp_in_rbx).rbp, FF_RBP_UNKNOWN);
    EXPECT_EQ(row_at(cfi_rbp_undefined).rbp, FF_RBP_UNKNOWN);
    EXPECT_EQ(row_at(cfi_rbp_too_far).rbp, FF_RBP_UNKNOWN);
    EXPECT_EQ(row_at(cfi_rbp_farthest).rbp, -127);
    EXPECT_EQ(row_at(cfi_rbp_same).rbp, FF_RBP_SAME);
    EXPECT_EQ(row_at(cfi_rbp_val_offset).rbp, FF_RBP_UNKNOWN);
    EXPECT_EQ(row_at(cfi_rbp_at_rsp_body), (ff_unwind_row{0, FF_CFA_RSP, -3, 0, 32}));
}

TEST_F(CfiRules, FactoredAndSignedInstructions) {
    EXPECT_EQ(row_at(cfi_factored_body), (ff_unwind_row{0, FF_CFA_RSP, -2, 0, 32}));
    EXPECT_EQ(row_at(cfi_factored_more), (ff_unwind_row{0, FF_CFA_RSP, -3, 0, 48}));
    EXPECT_EQ(row_at(cfi_restored), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 48}));
}

TEST_F(CfiRules, CodeThatNothingDescribesHasNoRuleButPaddingIsLeftAlone) {
    EXPECT_EQ(row_at(cfi_undescribed).cfa, FF_CFA_NONE);
    EXPECT_EQ(row_at(cfi_behind_gap).cfa, FF_CFA_RSP);
    const char* volatile behind_padding = &cfi_behind_padding;  // or the compiler knows that nothing of C++ lies in front
    EXPECT_EQ(row_at(*(behind_padding - 1)).cfa, FF_CFA_RSP);
}

}  // namespace
}  // namespace footfall
