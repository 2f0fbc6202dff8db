#include "symbolizer/interpreters/cpython/code_object.h"

#include <gtest/gtest.h>

#include "tests/unit/interpreters/python_world.h"

namespace footfall {
namespace {

class PythonCodeObject : public ::testing::Test, protected PythonWorld {
protected:
    void SetUp() override {
        const auto found = find_cpython_layout(memory, kSymbols, std::nullopt);
        ASSERT_TRUE(found);
        layout_ = *found;
    }
    std::optional<PythonCode> read(std::uint64_t code) {
        return read_python_code(memory, layout_, code, check_of(layout_, code));
    }

    CpythonLayout layout_;
};

TEST_F(PythonCodeObject, SaysWhatItsFunctionIsCalledAndWhereItIs) {
    const std::uint64_t code = add_code(add_text("Shop.order"), add_text("/srv/shop.py"), 42);
    const auto read_code = read(code);
    ASSERT_TRUE(read_code);
    EXPECT_EQ(read_code->name, "Shop.order");
    EXPECT_EQ(read_code->file, "/srv/shop.py");
    EXPECT_EQ(read_code->first_line, 42U);
    EXPECT_EQ(read_code->lines, (std::vector{std::byte{0x80}, std::byte{0}}));
}

TEST_F(PythonCodeObject, ThatIsNotTheOneThatIsMeantHasNoName) {
    const std::uint64_t code = add_code(add_text("order"), add_text("shop.py"), 42);
    const std::uint32_t check = check_of(layout_, code);
    ASSERT_TRUE(read_python_code(memory, layout_, code, check));
    EXPECT_FALSE(read_python_code(memory, layout_, code, check ^ 1U));
    memory.put<std::uint32_t>(code + 72, 43);
    EXPECT_FALSE(read_python_code(memory, layout_, code, check));
    memory.put<std::uint32_t>(code + 72, 42);
    memory.put<std::uint64_t>(code + 8, 0x201000);
    EXPECT_FALSE(read_python_code(memory, layout_, code, check)) << "no code object at all";
    EXPECT_FALSE(read_python_code(memory, layout_, 0x666000, check)) << "unmapped";
}

// Something else came there while it was read.
TEST_F(PythonCodeObject, ThatGoesWhileItIsReadHasNoName) {
    struct Changing final : MemoryReader {
        explicit Changing(PythonWorld& world) : world(world) {}
        bool read(std::uint64_t address, std::span<std::byte> into) override {
            const bool done = world.memory.read(address, into);
            if (into.size() == FF_CPYTHON_CODE_BYTES) world.memory.put<std::uint32_t>(address + 72, 1000);
            return done;
        }
        PythonWorld& world;
    };
    const std::uint64_t code = add_code(add_text("order"), add_text("shop.py"), 42);
    const std::uint32_t check = check_of(layout_, code);
    Changing changing(*this);
    EXPECT_FALSE(read_python_code(changing, layout_, code, check));
}

TEST_F(PythonCodeObject, WithoutANameOrAFileIsNone) {
    EXPECT_FALSE(read(add_code(0, add_text("shop.py"), 1)));
    EXPECT_FALSE(read(add_code(add_text(""), add_text("shop.py"), 1)));
    EXPECT_FALSE(read(add_code(add_text("order"), 0x666000, 1)));
}

TEST_F(PythonCodeObject, WithoutALineTableThatCanBeReadHasAName) {
    const std::uint64_t code = add_code(add_text("order"), add_text("shop.py"), 1);
    const std::uint64_t lines = memory.words[code + 136];
    memory.put<std::uint64_t>(lines + 16, kMostPythonLineTable + 1);
    const auto read_code = read(code);
    ASSERT_TRUE(read_code);
    EXPECT_TRUE(read_code->lines.empty());
}

TEST_F(PythonCodeObject, TextIsUtf8HoweverItIsKept) {
    const auto text = [&](std::uint64_t at) { return read_python_text(memory, layout_, at); };
    EXPECT_EQ(text(add_text("plain")), "plain");
    EXPECT_EQ(text(add_text("h\xe9", 1, false)), "hé");
    EXPECT_EQ(text(add_text(std::string_view("h\0\xe9\0\x0d\x54", 6), 2, false)), "hé名");
    EXPECT_EQ(text(add_text(std::string_view("\0\xf6\x01\0x\0\0\0", 8), 4, false)), "😀x");
    EXPECT_EQ(text(add_text(std::string_view("\0\xd8x\0", 4), 2, false)), "\xef\xbf\xbdx") << "half of a pair";
    EXPECT_EQ(text(add_text(std::string_view("\xff\xff\xff\xff", 4), 4, false)), "\xef\xbf\xbd") << "beyond Unicode";
}

TEST_F(PythonCodeObject, WhatIsNoTextIsNone) {
    const auto text = [&](std::uint64_t at) { return read_python_text(memory, layout_, at); };
    const std::uint64_t odd = add_text("abc", 3);
    EXPECT_FALSE(text(odd)) << "characters of three bytes";
    const std::uint64_t loose = add_text("abc");
    memory.put<std::uint32_t>(loose + 32, 1U << 2U);
    EXPECT_FALSE(text(loose)) << "its characters are elsewhere";
    const std::uint64_t huge = add_text("abc");
    memory.put<std::uint64_t>(huge + 16, ~std::uint64_t{0});
    EXPECT_FALSE(text(huge)) << "there is not so much of it";
    EXPECT_EQ(text(add_text(std::string(kMostPythonText + 10, 'a')))->size(), kMostPythonText);
}

}  // namespace
}  // namespace footfall
