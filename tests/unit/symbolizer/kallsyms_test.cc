#include "symbolizer/kernel/kallsyms.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

class Kallsyms : public testing::Test {
protected:
    tl::expected<KernelSymbols, Miss> load(const std::string& text, std::size_t max_bytes = 1 << 20) {
        write_contents(scratch_.file("kallsyms"), text);
        return KernelSymbols::load(scratch_.file("kallsyms"), max_bytes);
    }
    static std::string text(const tl::expected<KernelSymbol, Miss>& found) {
        if (!found) return "-";
        return std::string(found->module) + "!" + std::string(found->function) + "+" + std::to_string(found->offset);
    }
    ScratchDirectory scratch_;
};

constexpr const char* kExample =
    "0000000000000000 A fixed_percpu_data\n"
    "ffffffff81000000 T _stext\n"
    "ffffffff81000000 t alias\n"
    "ffffffff81000100 t do_work\n"
    "ffffffff81000200 W weak_one\n"
    "ffffffff81000300 D some_data\n"
    "ffffffff81000400 d more_data\n"
    "ffffffffc0302000 t ext4_read\t[ext4]\n"
    "ffffffffc0301000 t ext4_write\t[ext4]\n"
    "ffffffffc0303000 b ext4_bss\t[ext4]\n"
    "ffffffffc0400000 t bpf_prog_6deef7357e7b4530_count\t[bpf]\n";

TEST_F(Kallsyms, NamesFunctionsOfTheKernelItsModulesAndBpfPrograms) {
    const auto symbols = load(kExample);
    ASSERT_TRUE(symbols) << text_of(symbols.error());
    EXPECT_EQ(text(symbols->find(0xffffffff81000010)), "kernel!_stext+16");
    EXPECT_EQ(text(symbols->find(0xffffffff810001ff)), "kernel!do_work+255");
    EXPECT_EQ(text(symbols->find(0xffffffff81000200)), "kernel!weak_one+0");
    EXPECT_EQ(text(symbols->find(0xffffffffc0301004)), "ext4!ext4_write+4");
    EXPECT_EQ(text(symbols->find(0xffffffffc0302004)), "ext4!ext4_read+4");
    EXPECT_EQ(text(symbols->find(0xffffffffc0400004)), "bpf!bpf_prog_6deef7357e7b4530_count+4");
}

TEST_F(Kallsyms, DataEndsAFunction) {
    const auto symbols = load(kExample);
    ASSERT_TRUE(symbols);
    EXPECT_EQ(text(symbols->find(0xffffffff81000304)), "-");
    EXPECT_EQ(text(symbols->find(0xffffffff81000404)), "-");
    EXPECT_EQ(text(symbols->find(0xffffffffc0303004)), "-");
}

TEST_F(Kallsyms, AddressesOutsideHaveNoName) {
    const auto symbols = load(kExample);
    ASSERT_TRUE(symbols);
    EXPECT_EQ(symbols->find(0xffffffff80ffffff).error(), Miss::kOutsideOfSymbols);
    EXPECT_EQ(symbols->find(0xfffffffff0000000).error(), Miss::kOutsideOfSymbols);
}

TEST_F(Kallsyms, HiddenAddressesAreAReason) {
    EXPECT_EQ(load("0000000000000000 T _stext\n0000000000000000 t do_work\n").error(), Miss::kHiddenAddresses);
}

TEST_F(Kallsyms, AFileThatIsGoneIsAReason) { EXPECT_EQ(KernelSymbols::load("/no/such/file").error(), Miss::kNoSuchFile); }

TEST_F(Kallsyms, OtherTextIsAReason) {
    EXPECT_EQ(load("").error(), Miss::kMalformed);
    EXPECT_EQ(load("hello\nworld\n").error(), Miss::kMalformed);
    EXPECT_EQ(load(std::string(1 << 20, 'f')).error(), Miss::kMalformed);
}

TEST_F(Kallsyms, MoreThanTheLimitIsAReason) {
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += "ffffffff81000100 t a_function_with_quite_a_long_name\n";
    EXPECT_EQ(load(many, 1 << 20).error(), Miss::kTooLarge);
}

TEST_F(Kallsyms, OfThisKernelFitInto16MiB) {
    const auto symbols = KernelSymbols::load();
    if (!symbols) GTEST_SKIP() << text_of(symbols.error());
    EXPECT_GT(symbols->functions(), 1000);
    EXPECT_LE(symbols->bytes(), std::size_t{16} << 20);
}

}  // namespace
}  // namespace footfall
