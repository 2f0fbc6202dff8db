#include "agent/interpreters/script_stack.h"

#include <gtest/gtest.h>

#include <string>

namespace footfall {
namespace {

constexpr std::uint64_t kEvaluates = 100;  // addresses from there on

UserFrame native(std::uint64_t address) { return {1, address, false}; }

// "ab|c|" are script frames, innermost first; a bar is behind each that is an entry, two bars are a call that runs nothing.
ScriptStack script(const std::string& text, ScriptStop stop = ScriptStop::COMPLETE) {
    ScriptStack stack{Runtime::kCpython, stop, {}};
    bool begun = false;
    for (const char c : text) {
        if (c != '|') {
            stack.frames.push_back({UserFrame::of_script(ScriptFunctionId{static_cast<std::uint32_t>(c)}, 1)});
            begun = true;
        } else if (begun) {
            stack.frames.back().entry = true;
            begun = false;
        } else {
            stack.frames.push_back({UserFrame::of_script(ScriptFunctionId{0}, 0), true, true});
        }
    }
    return stack;
}

// Natives are digits, and "E" those of the evaluation function.
struct Result {
    std::string frames;
    ScriptStop stop;
    bool operator==(const Result&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Result& result) {
    return out << result.frames << " " << name(result.stop);
}

Result merged(const std::string& natives, const ScriptStack& script, bool native_complete = true) {
    std::vector<UserFrame> frames;
    for (const char c : natives) frames.push_back(native(c == 'E' ? kEvaluates : static_cast<std::uint64_t>(c - '0')));
    const MergedStack stack =
        merge_stacks(frames, native_complete, script, [](const UserFrame& frame) { return frame.address >= kEvaluates; });
    Result result{{}, stack.stop};
    for (const UserFrame& frame : stack.frames) {
        if (frame.is_script()) {
            result.frames += static_cast<char>(number(frame.function()));
        } else {
            result.frames += frame.address >= kEvaluates ? 'E' : static_cast<char>('0' + frame.address);
        }
    }
    return result;
}

using enum ScriptStop;

TEST(ScriptStack, TakesThePlaceOfTheNativeFramesThatRunIt) {
    EXPECT_EQ(merged("1E2", script("a|")), (Result{"1a2", COMPLETE}));
    EXPECT_EQ(merged("1E23E4", script("ab|cd|")), (Result{"1ab23cd4", COMPLETE}));
    EXPECT_EQ(merged("EEE", script("a|b|c|")), (Result{"abc", COMPLETE}));
}

TEST(ScriptStack, AThreadThatRunsNoneIsLeftAlone) {
    EXPECT_EQ(merged("123", script("")), (Result{"123", NONE}));
    EXPECT_EQ(merged("123", script("", NO_THREAD)), (Result{"123", NONE}));
    EXPECT_EQ(merged("123", ScriptStack{}), (Result{"123", NONE}));
}

// In its first and last instructions, the evaluation function runs nothing that the interpreter knows of.
TEST(ScriptStack, AnInnermostCallThatHasNotBegunStaysNative) {
    EXPECT_EQ(merged("E1E2", script("a|")), (Result{"E1a2", COMPLETE}));
    EXPECT_EQ(merged("E1", script("")), (Result{"E1", COMPLETE}));
    EXPECT_EQ(merged("1E2E3", script("|a|")), (Result{"1E2a3", COMPLETE})) << "one that the interpreter says runs nothing";
}

TEST(ScriptStack, WhatDoesNotFitIsSaid) {
    EXPECT_EQ(merged("E1E2E3", script("a|")), (Result{"E1E2a3", UNMATCHED}));
    EXPECT_EQ(merged("E1", script("a|b|")), (Result{"b1", UNMATCHED}));
    EXPECT_EQ(merged("12", script("a|b|")), (Result{"12", UNMATCHED}));
}

// Then the innermost frames are those which both have.
TEST(ScriptStack, WhereOneOfBothIsCutTheyBeginTogetherAtTheInnermost) {
    EXPECT_EQ(merged("1E2", script("a|b|c|"), false), (Result{"1a2bc", NATIVE_INCOMPLETE}));
    EXPECT_EQ(merged("12", script("a|"), false), (Result{"12a", NATIVE_INCOMPLETE}));
    EXPECT_EQ(merged("E1E2E", script("a|b", TOO_DEEP)), (Result{"a1b2E", TOO_DEEP}));
    EXPECT_EQ(merged("E1E2", script("a|", UNREADABLE)), (Result{"a1E2", UNREADABLE}));
    EXPECT_EQ(merged("E1E2", script("", DAMAGED)), (Result{"E1E2", DAMAGED}));
}

TEST(ScriptStack, SaysThatANameIsMissingOnlyIfNothingWorseIs) {
    EXPECT_EQ(merged("E1", script("a|", UNNAMED)), (Result{"a1", UNNAMED}));
    EXPECT_EQ(merged("1", script("a|", UNNAMED)).stop, UNMATCHED);
}

TEST(ScriptStack, OfAThreadWithoutNativeFramesIsKept) {
    EXPECT_EQ(merged("", script("ab|"), false), (Result{"ab", NATIVE_INCOMPLETE}));
    EXPECT_EQ(merged("", script(""), false), (Result{"", NONE}));
}

}  // namespace
}  // namespace footfall
