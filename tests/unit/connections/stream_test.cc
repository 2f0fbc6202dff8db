#include "agent/connections/stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace footfall {
namespace {

// Writes down its calls: "bytes abc", "+" in front of those that start a message.
class RecordingReader final : public ProtocolReader {
public:
    void on_bytes(Direction, std::string_view bytes, bool message_start, const Stamp&) override {
        calls.push_back((message_start ? "+" : "") + std::string(bytes));
    }
    void on_gap(Direction, std::uint64_t length, const Stamp&) override { calls.push_back("gap " + std::to_string(length)); }
    void on_end_of_stream(Direction, const Stamp&) override { calls.emplace_back("end"); }
    void on_close(CloseReason, MonotonicTime) override {}
    void on_session_end(MonotonicTime) override {}
    [[nodiscard]] std::uint64_t started() const override { return 0; }
    void restart(const ReaderContext&) override {}

    std::vector<std::string> calls;
};

using Calls = std::vector<std::string>;

struct Piece {
    std::uint64_t position;
    std::uint32_t length;
    std::string_view front;
    std::string_view back;
};

Calls calls_for(bool opened_before, const std::vector<Piece>& pieces) {
    Stream stream(opened_before);
    RecordingReader reader;
    for (const Piece& piece : pieces) {
        Message message;
        message.position = piece.position;
        message.length = piece.length;
        message.front = piece.front;
        message.back = piece.back;
        stream.read(message, Direction::kSent, reader);
    }
    return reader.calls;
}

TEST(Stream, hands_on_messages_in_order) {
    EXPECT_EQ(calls_for(false, {{0, 3, "abc", ""}, {3, 2, "de", ""}}), (Calls{"+abc", "+de"}));
}

TEST(Stream, tells_what_was_not_captured_as_a_gap) {
    EXPECT_EQ(calls_for(false, {{0, 10, "abc", "yz"}, {10, 4, "", ""}, {14, 1, "q", ""}}),
              (Calls{"+abc", "gap 5", "yz", "gap 4", "+q"}));
}

TEST(Stream, a_jump_forward_is_a_gap) {
    EXPECT_EQ(calls_for(false, {{0, 1, "a", ""}, {100, 1, "b", ""}}), (Calls{"+a", "gap 99", "+b"}));
}

TEST(Stream, bytes_before_the_first_message_are_a_gap_if_the_connection_is_new) {
    EXPECT_EQ(calls_for(false, {{50, 1, "a", ""}}), (Calls{"gap 50", "+a"}));
    EXPECT_EQ(calls_for(true, {{50, 1, "a", ""}, {51, 1, "b", ""}}), (Calls{"+a", "+b"}));
}

TEST(Stream, length_zero_is_the_end) {
    EXPECT_EQ(calls_for(false, {{0, 1, "a", ""}, {1, 0, "", ""}}), (Calls{"+a", "end"}));
    EXPECT_EQ(calls_for(false, {{5, 0, "", ""}}), (Calls{"gap 5", "end"}));
}

TEST(Stream, what_was_seen_before_is_not_counted_again) {
    EXPECT_EQ(calls_for(false, {{0, 4, "abcd", ""}, {0, 4, "abcd", ""}, {4, 1, "e", ""}}), (Calls{"+abcd", "+e"}));
    EXPECT_EQ(calls_for(false, {{0, 4, "abcd", ""}, {2, 4, "cdef", ""}}), (Calls{"+abcd", "ef"}));
    EXPECT_EQ(calls_for(false, {{0, 5, "abcde", ""}, {2, 10, "cde", "xy"}}), (Calls{"+abcde", "gap 5", "xy"}));
    EXPECT_EQ(calls_for(false, {{0, 6, "abcdef", ""}, {2, 10, "cd", "xy"}}), (Calls{"+abcdef", "gap 4", "xy"}));
    EXPECT_EQ(calls_for(false, {{0, 6, "abcdef", ""}, {2, 6, "cd", "gh"}}), (Calls{"+abcdef", "gh"}));
    EXPECT_EQ(calls_for(false, {{0, 7, "abcdefg", ""}, {2, 6, "cd", "gh"}}), (Calls{"+abcdefg", "h"}));
}

}  // namespace
}  // namespace footfall
