#include "symbolizer/interpreters/cpython/layout.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/interpreters/python_world.h"

namespace footfall {
namespace {

class PythonLayout : public ::testing::Test, protected PythonWorld {
protected:
    ff_script_stop problem(CpythonSymbols symbols = kSymbols, std::optional<unsigned> file_minor = std::nullopt) {
        const auto found = find_cpython_layout(memory, symbols, file_minor);
        return found ? FF_SCRIPT_COMPLETE : found.error();
    }
    // What 3.13.5 says of itself, as far as it is read; in words.
    void say_debug_offsets() {
        const std::array<std::uint64_t, 46> said = {0,   0x030d05f0, 0,   1000, 600, 632, 200000, 8,   0,  7344, 7672, 1,
                                                    1,   1,          1,   1,    1,   1,   1,      280, 0,  8,    16,   72,
                                                    152, 160,        200, 24,   80,  8,   0,      56,  72, 70,   208,  112,
                                                    120, 128,        136, 68,   52,  96,  104,    200, 0,  0};
        for (std::size_t i = 0; i < said.size(); ++i) memory.put(kSymbols.runtime + i * 8, said[i]);
        memory.put_bytes(kSymbols.runtime, "xdebugpy");
        memory.put<std::uint64_t>(kSymbols.code_type + 32, 200);
        memory.put_zeros(kSymbols.runtime + 632, 8);
    }
};

TEST_F(PythonLayout, IsThatOfTheVersionThatTheInterpreterSaysItIs) {
    const auto found = find_cpython_layout(memory, kSymbols, 9);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->minor, 11U);
    EXPECT_EQ(found->frames.runtime, kSymbols.runtime);
    EXPECT_EQ(found->frames.code_type, kSymbols.code_type);
    EXPECT_EQ(found->frames.thread_slot, FF_CPYTHON_ABSENT);
}

// 3.9 and 3.10 have no symbol for it.
TEST_F(PythonLayout, IsThatOfTheFilesNameWhereNothingElseTells) {
    memory.put<std::uint64_t>(kSymbols.code_type + 32, 176);
    CpythonSymbols symbols = kSymbols;
    symbols.version = 0;
    for (const unsigned minor : {9U, 10U}) {
        const auto found = find_cpython_layout(memory, symbols, minor);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->minor, minor);
    }
    EXPECT_EQ(problem(symbols), FF_SCRIPT_UNKNOWN_VERSION);
}

TEST_F(PythonLayout, IsWhatTheInterpreterSaysFrom3_13On) {
    say_debug_offsets();
    const auto found = find_cpython_layout(memory, kSymbols, std::nullopt);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->minor, 13U);
    EXPECT_EQ(found->frames.interpreters_head, 632U);
    EXPECT_EQ(found->frames.interpreter_threads, 7344U);
    EXPECT_EQ(found->frames.thread_frame, 72U);
    EXPECT_EQ(found->frames.thread_id, 152U);
    EXPECT_EQ(found->frames.frame_entry, 70U);
    EXPECT_EQ(found->code_qualified_name, 128U);
    EXPECT_EQ(found->frames.code_begin, 200U);
}

TEST_F(PythonLayout, OffsetsThatCannotBeAreRefused) {
    say_debug_offsets();
    memory.put<std::uint64_t>(kSymbols.runtime + 16, 1);
    EXPECT_EQ(problem(), FF_SCRIPT_UNSUPPORTED_BUILD) << "without the GIL";
    for (const std::uint64_t word : {5U, 8U, 9U, 21U, 23U, 24U, 29U, 30U, 31U, 33U, 35U, 36U, 38U, 39U, 43U}) {
        say_debug_offsets();
        memory.put(kSymbols.runtime + word * 8, ~std::uint64_t{0} / 2);
        EXPECT_EQ(problem(), FF_SCRIPT_UNSUPPORTED_BUILD) << word;
    }
    say_debug_offsets();
    memory.put_bytes(kSymbols.runtime, "nothing!");
    memory.put<std::uint32_t>(kSymbols.version, 0x030d05f0);
    EXPECT_EQ(problem(), FF_SCRIPT_UNSUPPORTED_BUILD) << "3.13 that says nothing";
}

TEST_F(PythonLayout, OfOtherVersionsIsNotKnown) {
    for (const std::uint32_t version : {0x030807f0U, 0x030e00f0U, 0x02071200U, 0x040000f0U, 0U}) {
        memory.put(kSymbols.version, version);
        EXPECT_EQ(problem(), FF_SCRIPT_UNKNOWN_VERSION) << std::hex << version;
    }
}

TEST_F(PythonLayout, ABuildWithOtherObjectsIsRefused) {
    memory.put<std::uint64_t>(kSymbols.code_type + 32, 192);
    EXPECT_EQ(problem(), FF_SCRIPT_UNSUPPORTED_BUILD) << "larger code objects";
    memory.put<std::uint64_t>(kSymbols.code_type + 32, 184);
    memory.put_bytes(0x210000, std::string_view("type\0", 5));
    EXPECT_EQ(problem(), FF_SCRIPT_UNSUPPORTED_BUILD) << "Py_TRACE_REFS puts two more words in front";
    memory.put<std::uint64_t>(kSymbols.code_type + 24, 0);
    EXPECT_EQ(problem(), FF_SCRIPT_NOT_INITIALIZED) << "the dynamic linker has not been there";
}

TEST_F(PythonLayout, SaysWhatIsMissing) {
    EXPECT_EQ(problem({0, kSymbols.code_type, 0}, 11), FF_SCRIPT_NO_SYMBOLS);
    EXPECT_EQ(problem({kSymbols.runtime, 0, 0}, 11), FF_SCRIPT_NO_SYMBOLS);
    EXPECT_EQ(problem({0x666000, kSymbols.code_type, 0}, 11), FF_SCRIPT_UNREADABLE);
    EXPECT_EQ(problem({kSymbols.runtime, kSymbols.code_type, 0x666000}, 11), FF_SCRIPT_UNREADABLE);
}

TEST_F(PythonLayout, IsHeldAgainstTheThreadsThatThereAre) {
    constexpr std::uint64_t kInterpreter = 0x500000;
    constexpr std::uint64_t kThread = 0x510000;
    constexpr std::uint64_t kSelf = 0x7f0000000000;
    memory.put_zeros(kInterpreter, 64);
    memory.put_zeros(kThread, 200);
    memory.put(kSymbols.runtime + 40, kInterpreter);
    memory.put(kInterpreter + 16, kThread);
    memory.put(kThread + 16, kInterpreter);
    memory.put(kThread + 152, kSelf);
    const auto layout = find_cpython_layout(memory, kSymbols, std::nullopt);
    ASSERT_TRUE(layout);
    EXPECT_EQ(find_thread_slot(memory, *layout), std::nullopt) << "C keeps nothing of it";
    memory.put_zeros(kSelf + 0x310, 32 * 16);
    EXPECT_EQ(find_thread_slot(memory, *layout), std::nullopt);
    memory.put(kSelf + 0x310 + 5 * 16 + 8, kThread);
    EXPECT_EQ(find_thread_slot(memory, *layout), 0x310 + 5 * 16 + 8);
    memory.put(kThread + 16, kInterpreter + 8);
    EXPECT_EQ(problem(), FF_SCRIPT_UNSUPPORTED_BUILD);
}

}  // namespace
}  // namespace footfall
