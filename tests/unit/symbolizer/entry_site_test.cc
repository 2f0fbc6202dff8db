#include "symbolizer/elf/entry_site.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace footfall {
namespace {

using Code = std::vector<std::uint8_t>;

Code operator+(Code code, const Code& more) {
    code.insert(code.end(), more.begin(), more.end());
    return code;
}

// As gcc and objdump write them.
const Code kEndbr64{0xf3, 0x0f, 0x1e, 0xfa};
const Code kPushR13{0x41, 0x55};
const Code kPushRbx{0x53};
const Code kSubRsp18{0x48, 0x83, 0xec, 0x18};
const Code kTestEdx{0x85, 0xd2};
const Code kTestRdi{0x48, 0x85, 0xff};
const Code kJs{0x78, 0x2f};
const Code kJe{0x74, 0x10};
const Code kMovRcxRsp{0x48, 0x89, 0xe1};  // mov %rsp,%rcx
const Code kMovslqEdx{0x48, 0x63, 0xd2};  // movslq %edx,%rdx
const Code kCall{0xe8, 0x00, 0x01, 0x00, 0x00};
const Code kXorEsi{0x31, 0xf6};
const Code kMovR13Rcx{0x49, 0x89, 0xcd};  // mov %rcx,%r13
const Code kStoreRcx{0x48, 0x89, 0x01};   // mov %rax,(%rcx)
const Code kRet{0xc3};
const Code kNop{0x90};
const Code kLongNop{0x0f, 0x1f, 0x40, 0x00};

EntrySite site_of(const Code& code, SiteNeed need = SiteNeed::kArgumentsAndReturn, unsigned arguments = 4) {
    return cheapest_entry_site(code, need, {arguments}).value();
}

TEST(EntrySite, IsTheFirstByteWhereThatIsCheap) {
    for (const Code& first : {kPushR13, kPushRbx, kNop, kCall, kJe}) {
        EXPECT_EQ(site_of(first + kRet).offset, 0U);
        EXPECT_TRUE(site_of(first + kRet).emulated);
    }
}

TEST(EntrySite, IsBehindEndbr64WhereTheStackIsStillTheCallers) {
    const EntrySite site = site_of(kEndbr64 + kPushR13 + kRet);
    EXPECT_EQ(site.offset, 4U);
    EXPECT_TRUE(site.emulated);
    EXPECT_EQ(site.instruction, "push");
}

TEST(EntrySite, OfACallAndItsReturnIsNeverBehindAMovedStack) {
    const Code code = kSubRsp18 + kTestEdx + kJs + kRet;
    EXPECT_EQ(site_of(code).offset, 0U);
    EXPECT_FALSE(site_of(code).emulated);
    EXPECT_EQ(site_of(code, SiteNeed::kArguments).offset, 6U);
    EXPECT_TRUE(site_of(code, SiteNeed::kArguments).emulated);
}

TEST(EntrySite, IsNeverBehindAnOverwrittenArgument) {
    const Code code = kXorEsi + kPushRbx + kRet;
    EXPECT_EQ(site_of(code).offset, 0U);
    EXPECT_EQ(site_of(code, SiteNeed::kArguments, 1).offset, 2U) << "the second argument does not count";
    EXPECT_EQ(site_of(kMovslqEdx + kPushRbx + kRet, SiteNeed::kArguments, 3).offset, 0U);
}

TEST(EntrySite, IsNeverBehindTheEndOfTheFunction) {
    EXPECT_EQ(site_of(kTestRdi + kRet + kPushRbx).offset, 0U);
    EXPECT_FALSE(site_of(kTestRdi + kRet + kPushRbx).emulated);
}

TEST(EntrySite, IsNeverWhereAJumpLeadsBackTo) {
    const Code loop = kTestRdi + kPushRbx + Code{0xeb, 0xfd};  // jmp to the push
    EXPECT_EQ(site_of(loop).offset, 0U);
    EXPECT_EQ(site_of(kTestRdi + kPushRbx + Code{0xeb, 0xfa}).offset, 3U) << "to the first byte is another call";
    const Code wider = kTestRdi + Code{0x48, 0xff, 0xc8} + kPushRbx + Code{0xeb, 0xfa};  // dec %rax; push; jmp to the dec
    EXPECT_EQ(site_of(wider).offset, 0U) << "the loop begins in front of it";
}

TEST(EntrySite, IsNeverWhereTheKernelTakesNoProbe) {
    const Code locked{0xf0, 0xff, 0x07};                    // lock incl (%rdi)
    const Code vector{0xc5, 0xfe, 0x6f, 0x06};              // vmovdqu (%rsi),%ymm0: its opcode alone would be that of outs
    const Code other_vector{0xc5, 0xf5, 0x74, 0xc9};        // vpcmpeqb %ymm1,%ymm1,%ymm1
    const Code hinted{0x2e, 0x74, 0x10};                    // je,pn
    const Code of_amd{0xc4, 0xe3, 0xf9, 0x6b, 0xc2, 0x10};  // vfmaddsd %xmm1,%xmm2,%xmm0,%xmm0
    const Code short_call{0x66, 0x66, 0x48, 0xe8, 0x00, 0x01, 0x00, 0x00};  // data16 rex.W call __tls_get_addr
    EXPECT_FALSE(cheapest_entry_site(short_call + kPushRbx, SiteNeed::kArguments, {}));
    EXPECT_EQ(site_of(kTestRdi + short_call).offset, 0U);
    for (const Code& refused : {locked, vector, of_amd}) {
        EXPECT_EQ(site_of(refused + kTestRdi + kRet).offset, refused.size());
        EXPECT_TRUE(site_of(refused + kPushRbx + kRet).emulated);
        EXPECT_FALSE(cheapest_entry_site(refused, SiteNeed::kArguments, {}));
        EXPECT_FALSE(cheapest_entry_site(refused + hinted, SiteNeed::kArguments, {}));
    }
    EXPECT_EQ(site_of(other_vector + kRet).offset, 0U);
    // lock incl (%rdi); test %rdi,%rdi; jne to the test; ret
    EXPECT_FALSE(cheapest_entry_site(locked + kTestRdi + Code{0x75, 0xfb} + kRet, SiteNeed::kArguments, {})) << "a loop";
}

// Go 1.26: cmp 0x10(%r14),%rsp; jbe; push %rbp; ret; call runtime.morestack_noctxt; jmp to the first byte
TEST(EntrySite, IsBehindTheQuestionForRoomOnTheStack) {
    const Code asks = Code{0x49, 0x3b, 0x66, 0x10, 0x76, 0x02};
    const Code body = Code{0x55} + kRet + kCall;
    const EntrySite site = site_of(asks + body + Code{0xeb, 0xf1});
    EXPECT_EQ(site.offset, 6U) << "what is in front of it runs again once there is room";
    EXPECT_EQ(site.instruction, "push");
    EXPECT_EQ(site_of(asks + body + kRet).offset, 4U) << "nothing runs again";
}

TEST(EntrySite, KnowsHowMuchIsOnTheStack) {
    const Code code = kSubRsp18 + kTestEdx + kJs + kRet;
    EXPECT_EQ(site_of(code, SiteNeed::kArgumentsAndStack).offset, 6U);
    EXPECT_EQ(site_of(code, SiteNeed::kArgumentsAndStack).pushed, 0x18U);
    const Code aligns = Code{0x48, 0x83, 0xe4, 0xe0} + kJe + kRet;  // and $-32,%rsp
    EXPECT_EQ(site_of(aligns, SiteNeed::kArgumentsAndStack).offset, 0U);
    EXPECT_EQ(site_of(aligns, SiteNeed::kArguments).offset, 4U);
}

TEST(EntrySite, WhatTheKernelSingleStepsIsNotCheap) {
    for (const Code& first :
         {kEndbr64, kSubRsp18, kTestRdi, kLongNop, kRet, Code{0x66, 0x90}, Code{0xff, 0xe0}, Code{0xe2, 0x00}}) {
        EXPECT_FALSE(site_of(first + kRet).emulated) << std::hex << int{first[0]};
    }
}

TEST(EntrySite, NeedsAnInstruction) {
    EXPECT_FALSE(cheapest_entry_site({}, SiteNeed::kArguments, {4}));
    EXPECT_FALSE(cheapest_entry_site(Code{0x06}, SiteNeed::kArguments, {4}));
    EXPECT_FALSE(cheapest_entry_site(Code{0x41}, SiteNeed::kArguments, {4})) << "cut off in the middle";
}

// SSL_read and SSL_read_ex of Debian 12's libssl.so.3.
TEST(InnerFunction, IsWhereAWrapperHandsItsArgumentsTo) {
    const Code extended = Code{0x48, 0x83, 0xec, 0x08} + kCall + kRet;  // sub $8,%rsp
    EXPECT_EQ(inner_function(extended, 0x1000, 4), 0x1000U + 4 + 5 + 0x100);
    const Code plain = kSubRsp18 + kTestEdx + kJs + kMovRcxRsp + kMovslqEdx + kCall + kRet;
    EXPECT_EQ(inner_function(plain, 0x1000, 2), 0x1000U + plain.size() - 1 + 0x100);
    EXPECT_FALSE(inner_function(plain, 0x1000, 4)) << "it makes the fourth argument itself";
}

TEST(InnerFunction, MayBeJumpedTo) { EXPECT_EQ(inner_function(kEndbr64 + Code{0xeb, 0x10}, 0x1000, 4), 0x1016U); }

TEST(InnerFunction, IsNotKnownWhereTheCallIsIndirect) {
    EXPECT_FALSE(inner_function(kEndbr64 + Code{0xff, 0x50, 0x60}, 0x1000, 4));
    EXPECT_FALSE(inner_function(kEndbr64 + kRet, 0x1000, 4));
    EXPECT_FALSE(inner_function({}, 0x1000, 4));
}

TEST(UsesArgument, WhereItIsReadBeforeAnythingElse) {
    EXPECT_TRUE(uses_argument(kPushR13 + kJe + kMovR13Rcx + kCall, 4));
    EXPECT_TRUE(uses_argument(kStoreRcx + kRet, 4)) << "as an address";
    EXPECT_FALSE(uses_argument(kPushR13 + kCall + kMovR13Rcx, 4));
    EXPECT_FALSE(uses_argument(kMovRcxRsp + kMovR13Rcx, 4));
    EXPECT_FALSE(uses_argument(kRet, 4));
}

// CommonState::send_appdata_encrypt of rustls 0.23: its second argument is the address of a list of slices …
const Code kTestEdxJe{0x85, 0xd2, 0x74, 0x02};                  // test %edx,%edx; je
const Code kLoadThroughRsi{0x4c, 0x8b, 0x1e};                   // mov (%rsi),%r11
const Code kMovRsiR14{0x49, 0x89, 0xf6};                        // mov %rsi,%r14
const Code kLoadThroughR14{0x4d, 0x8b, 0x1e};                   // mov (%r14),%r11
const Code kLoadRsi{0x49, 0x8b, 0xb7, 0xc8, 0x00, 0x00, 0x00};  // mov 0xc8(%r15),%rsi

TEST(ReadsThroughArgument, WhereItIsAnAddress) {
    EXPECT_TRUE(reads_through_argument(kPushR13 + kTestEdxJe + kLoadThroughRsi + kRet, 2));
    EXPECT_TRUE(reads_through_argument(kPushR13 + kMovRsiR14 + kLoadThroughR14 + kRet, 2)) << "in another register";
}

// … and of 0.21 the plaintext, which it does not read itself.
TEST(ReadsThroughArgument, NotWhereItIsOnlyHandedOn) {
    EXPECT_FALSE(reads_through_argument(kPushR13 + kMovRsiR14 + kTestEdxJe + kLoadRsi + kCall, 2));
    EXPECT_FALSE(reads_through_argument(kLoadRsi + kLoadThroughRsi + kRet, 2)) << "it is another value by then";
    EXPECT_FALSE(reads_through_argument(kCall + kLoadThroughRsi + kRet, 2));
    EXPECT_FALSE(reads_through_argument({}, 2));
}

// crypto/tls.(*Conn).Read of Go 1.19 begins so: cmp 0x10(%r14),%rsp; jbe; sub $0x68,%rsp.
const Code kGoEntry{0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0xc2, 0x03, 0x00, 0x00, 0x48, 0x83, 0xec, 0x68};

// The same of Go 1.15: mov %fs:0xfffffffffffffff8,%rcx; cmp 0x10(%rcx),%rsp; jbe; sub $0x78,%rsp.
const Code kOldGoEntry{0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff, 0x48, 0x3b, 0x61,
                       0x10, 0x0f, 0x86, 0xc2, 0x03, 0x00, 0x00, 0x48, 0x83, 0xec, 0x78};

TEST(BeginsLikeOldGo, WhereItAsksThreadLocalStorageForTheGoroutine) {
    EXPECT_TRUE(begins_like_old_go(kOldGoEntry));
    EXPECT_FALSE(begins_like_old_go(kGoEntry));
    Code other = kOldGoEntry;
    other[5] = 0xf0;
    EXPECT_FALSE(begins_like_old_go(other)) << "something else of its storage";
    EXPECT_FALSE(begins_like_old_go({}));
    EXPECT_EQ(site_of(kOldGoEntry + kRet, SiteNeed::kArgumentsAndReturn, 0).offset, 13U) << "at jbe";
}

TEST(BeginsLikeGo, WhereItAsksTheGoroutineForRoom) {
    EXPECT_TRUE(begins_like_go(kGoEntry));
    EXPECT_TRUE(begins_like_go(Code{0x4c, 0x8d, 0x64, 0x24, 0xd8, 0x4d, 0x3b, 0x66, 0x10})) << "a large frame, by r12";
    EXPECT_FALSE(begins_like_go(kPushR13 + kRet));
    EXPECT_FALSE(begins_like_go(kOldGoEntry));
    EXPECT_FALSE(begins_like_go({}));
    EXPECT_EQ(site_of(kGoEntry + kRet, SiteNeed::kArguments, 0).offset, 4U) << "at jbe";
}

TEST(ReturnSites, AreAllOfAFunction) {
    EXPECT_EQ(return_sites(kPushRbx + kRet + kTestRdi + kRet), (std::vector<std::uint64_t>{1, 5}));
    EXPECT_TRUE(return_sites(kPushRbx + kCall).empty());
    EXPECT_EQ(return_sites(kRet + Code{0x06} + kRet), std::vector<std::uint64_t>{0}) << "what follows is no code";
}

}  // namespace
}  // namespace footfall
