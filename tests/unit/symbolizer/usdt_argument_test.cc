// Arguments of USDT probes, as compilers write them.
#include "symbolizer/functions/usdt_argument.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

constexpr std::uint8_t kNone = UsdtArgument::kNoRegister;

TEST(UsdtArgument, IsConstantOrInARegister) {
    const char* const all = "4@$5 -8@$-7  8@%rdi -4@%eax 2@%r10w 1@%sil";
    EXPECT_EQ(usdt_argument(all, 1), (UsdtArgument{ArgumentIn::kConstant, 4, kNone, kNone, 0, 5}));
    EXPECT_EQ(usdt_argument(all, 2), (UsdtArgument{ArgumentIn::kConstant, -8, kNone, kNone, 0, -7}));
    EXPECT_EQ(usdt_argument(all, 3), (UsdtArgument{ArgumentIn::kRegister, 8, 5}));
    EXPECT_EQ(usdt_argument(all, 4), (UsdtArgument{ArgumentIn::kRegister, -4, 0}));
    EXPECT_EQ(usdt_argument(all, 5), (UsdtArgument{ArgumentIn::kRegister, 2, 10}));
    EXPECT_EQ(usdt_argument(all, 6), (UsdtArgument{ArgumentIn::kRegister, 1, 4}));
    EXPECT_EQ(usdt_argument(all, 7), std::nullopt) << "there is none";
}

TEST(UsdtArgument, IsInMemory) {
    EXPECT_EQ(usdt_argument("8@-8(%rbp)", 1), (UsdtArgument{ArgumentIn::kMemory, 8, 6, kNone, 0, -8}));
    EXPECT_EQ(usdt_argument("-4@(%rax)", 1), (UsdtArgument{ArgumentIn::kMemory, -4, 0, kNone, 0, 0}));
    EXPECT_EQ(usdt_argument("8@16(%rax,%rbx,4)", 1), (UsdtArgument{ArgumentIn::kMemory, 8, 0, 3, 2, 16}));
    EXPECT_EQ(usdt_argument("8@(%rax,%rbx)", 1), (UsdtArgument{ArgumentIn::kMemory, 8, 0, 3, 0, 0}));
    EXPECT_EQ(usdt_argument("8@-4(,%r9,8)", 1), (UsdtArgument{ArgumentIn::kMemory, 8, kNone, 9, 3, -4}));
}

TEST(UsdtArgument, IsAVariable) {
    const AddressOfVariable address_of = [](std::string_view name) {
        return name == "total" ? std::optional<std::uint64_t>(0x4000) : std::nullopt;
    };
    const auto at = [&](const char* text) { return usdt_argument(text, 1, 0x1000, address_of); };
    EXPECT_EQ(at("8@total(%rip)"), (UsdtArgument{ArgumentIn::kMemory, 8, UsdtArgument::kInstruction, kNone, 0, 0x3000}));
    EXPECT_EQ(at("-4@total+8(%rip)"), (UsdtArgument{ArgumentIn::kMemory, -4, UsdtArgument::kInstruction, kNone, 0, 0x3008}));
    EXPECT_EQ(at("8@total-8(%rip)")->offset, 0x2ff8);
    for (const char* text : {"8@other(%rip)", "8@total+x(%rip)", "8@total+(%rip)", "8@8(%rip)", "8@(%rip)", "8@+8(%rip)"}) {
        EXPECT_EQ(at(text), std::nullopt) << text;
    }
}

TEST(UsdtArgument, ThatCantBeReadIsNone) {
    for (const char* text : {"",
                             " ",
                             "8",
                             "8@",
                             "@%rdi",
                             "3@%rdi",
                             "8f@%xmm0",
                             "8@%xmm0",
                             "1@%ah",
                             "8@foo(%rip)",
                             "8@8(%rip)",
                             "8@(%eax)",
                             "8@8(%rax",
                             "8@8",
                             "8@()",
                             "8@8()",
                             "8@(%rax,%rbx,3)",
                             "8@(%rax,%rbx,4,5)",
                             "8@$",
                             "8@$0x5",
                             "8@$99999999999999999999",
                             "8@%",
                             "99999999999@%rdi"}) {
        EXPECT_EQ(usdt_argument(text, 1), std::nullopt) << text;
    }
    EXPECT_EQ(usdt_argument("8@%rdi", 0), std::nullopt);
}

}  // namespace
}  // namespace footfall
