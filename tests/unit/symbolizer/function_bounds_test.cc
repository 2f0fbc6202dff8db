// Where nameless functions begin, held against the symbols that were stripped.
#include "symbolizer/unwind/function_bounds.h"

#include "symbolizer/worker/module.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

constexpr const char* kSource =
    "volatile int sink;\n"
    "__attribute__((noinline)) int inner(int n) { for (int i = 0; i < n; ++i) sink += i * n; return sink; }\n"
    "__attribute__((noinline)) int outer(int n) { int sum = 0; while (n > 0) sum += inner(--n); return sum; }\n"
    "int main(int argc, char**) { return outer(argc); }\n";

class FunctionBoundsTest : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        program_ = build(scratch_, "plain.cc", kSource, GetParam());
        if (program_.empty()) GTEST_SKIP() << "no compiler";
        symbols_ = addresses_in(program_);
        stripped_ = scratch_.file("stripped");
        ASSERT_TRUE(run("strip -o " + stripped_ + " " + program_));
    }

    ScratchDirectory scratch_;
    std::string program_;
    std::string stripped_;
    std::map<std::string, std::uint64_t> symbols_;
};

TEST_P(FunctionBoundsTest, AreThoseOfTheStrippedSymbols) {
    const Fd file = open_file(stripped_);
    const auto bounds = FunctionBounds::open(file.get());
    ASSERT_NE(bounds, nullptr);
    for (const char* name : {"_Z5inneri", "_Z5outeri", "main"}) {
        const std::uint64_t start = symbols_.at(name);
        const auto first = bounds->find(start);
        ASSERT_TRUE(first) << name;
        EXPECT_EQ(first->begin, start) << name;
        const auto last = bounds->find(first->end - 1);
        ASSERT_TRUE(last) << name;
        EXPECT_EQ(last->begin, start) << name;
        const auto behind = bounds->find(first->end);
        EXPECT_TRUE(!behind || behind->begin >= first->end) << name;
    }
    EXPECT_FALSE(bounds->find(0));
    EXPECT_FALSE(bounds->find(~std::uint64_t{0}));
}

TEST_P(FunctionBoundsTest, AreToldWithTheReasonWhyThereIsNoName) {
    Module module({open_file(stripped_), {}, {}}, {std::size_t{64} << 20, std::size_t{64} << 20});
    const SymbolizedAddress address = module.symbolize(symbols_.at("_Z5inneri") + 5, Detail::kNames);
    EXPECT_TRUE(address.lines.empty());
    EXPECT_NE(address.miss, Miss::kNone);
    EXPECT_EQ(address.offset_in_function, 5U);
}

INSTANTIATE_TEST_SUITE_P(Programs, FunctionBoundsTest,
                         testing::Values("-O1", "-O1 -static-pie", "-O1 -Wl,--no-eh-frame-hdr", "-O1 -fno-pie -no-pie"));

TEST(FunctionBounds, AFileWithoutUnwindInformationHasNone) {
    const ScratchDirectory scratch;
    write_contents(scratch.file("text"), "no ELF file");
    const Fd file = open_file(scratch.file("text"));
    EXPECT_EQ(FunctionBounds::open(file.get()), nullptr);
    EXPECT_EQ(FunctionBounds::open(-1), nullptr);
}

}  // namespace
}  // namespace footfall
