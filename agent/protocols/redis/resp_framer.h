// Cuts one direction of a connection into messages of RESP2 or RESP3: requests (arrays of bulk strings, or inline commands)
// or replies (any type, nested). Source of the format: redis.io, "Redis serialization protocol specification"; RESP3 by
// github.com/redis/redis-specifications. Streamed strings and aggregates ("$?", "*?"), which no server sends, are not read.
//
// It is pulled: advance() consumes bytes up to the end of a message or to what breaks the rules. Most messages lie whole in
// the bytes of one call, and are read in one go (resp_walk.h); the others line by line. Of a message its type, its
// length and its first words are kept; the rest costs the same whatever its size is, since strings are skipped by length,
// also over bytes that passed unseen (skip()). Of an array's values, which of them are errors is kept too, up to a number of
// errors: what EXEC answers is one value for each command. How deep values nest needs no memory: a message is whole when as
// many values have come as its aggregates announced.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/protocols/framing/side.h"
#include "agent/protocols/protocol.h"
#include "agent/protocols/redis/commands.h"

namespace footfall::redis {

class RespWalk;

class RespFramer {
public:
    enum class Step : std::uint8_t {
        kMore,     // everything was consumed
        kMessage,  // a message is whole, and told by the functions below until the next call
        kBroken,   // these bytes are no RESP: out of step from here on
        kGap,      // skip() only: the gap carried what is needed to go on. Out of step from here on
    };

    static constexpr char kInline = 'i';  // type() of a command that came as a line
    static constexpr std::size_t kWords = 3;
    static constexpr std::size_t kErrorsKept = 64;

    struct Word {
        std::array<char, kWordLimit> text{};
        std::uint8_t length = 0;
        bool whole = false;

        void keep(std::string_view from);
        [[nodiscard]] std::string_view view() const { return {text.data(), length}; }
    };
    struct ErrorValue {
        std::uint64_t index = 0;  // among the values of the array
        Word text;                // empty where it is a string, which may come in pieces
    };

    Step advance(std::string_view& bytes, const Stamp& stamp);
    Step skip(std::uint64_t& length, const Stamp& stamp);

    void start(Side side);  // a message begins with the next byte
    void lose() { phase_ = Phase::kOutOfStep; }

    [[nodiscard]] bool in_step() const { return phase_ != Phase::kOutOfStep; }
    // In front of a message: none of its bytes has come.
    [[nodiscard]] bool between() const { return phase_ == Phase::kLine && !opened_ && line_length_ == 0; }
    // Also after kGap: an aggregate was being read, of which it is not known any more where it ends.
    [[nodiscard]] bool in_aggregate() const { return opened_ && is_aggregate(); }

    [[nodiscard]] char type() const { return type_; }
    [[nodiscard]] bool is_aggregate() const { return type_ == '*' || type_ == '%' || type_ == '~' || type_ == '>'; }
    [[nodiscard]] std::uint64_t count() const { return count_; }  // of the values of an aggregate
    // Of a request its first words, of an aggregate its first values, of any other reply its text: kWordLimit bytes of each.
    [[nodiscard]] std::string_view word(std::size_t index) const { return words_[index].view(); }
    // The word has these bytes and no more.
    [[nodiscard]] bool is_whole(std::size_t index) const { return words_[index].whole; }
    // The values of an array that are errors, in order, among its first judged() ones. Of the others it is not known.
    [[nodiscard]] const std::vector<ErrorValue>& errors() const { return errors_; }
    [[nodiscard]] std::uint64_t judged() const;
    [[nodiscard]] std::int64_t integer() const { return integer_; }  // the last one among the values
    [[nodiscard]] const Stamp& begin() const { return begin_; }      // of the message's first byte
    [[nodiscard]] MonotonicTime last() const { return last_; }       // of its last byte so far
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }     // of it so far

private:
    enum class Phase : std::uint8_t { kOutOfStep, kLine, kString };

    static constexpr std::size_t kLineKept = 64;

    [[nodiscard]] bool take_whole(std::string_view& bytes);
    [[nodiscard]] bool walk_request(RespWalk& walk);
    [[nodiscard]] bool walk_reply(RespWalk& walk);
    Step take_line(std::string_view& bytes);
    Step take_string(std::string_view& bytes);
    Step on_line(std::string_view line, bool ends_as_due);
    Step on_request_line(std::string_view line, bool ends_as_due);
    Step on_inline(std::string_view line);
    Step on_reply_line(std::string_view line);
    Step on_value(char type, std::string_view text, bool outermost);
    void judge(char type, std::string_view text);
    Step on_aggregate(char type, std::string_view number, bool outermost);
    Step begin_string(std::string_view number);
    Step end_value();
    Step end_message();
    Step broken();
    void begin_message(const Stamp& stamp);
    void keep(std::string_view text);
    void keep_piece(std::string_view piece);

    Phase phase_ = Phase::kOutOfStep;
    Side side_ = Side::kReplies;
    char type_ = 0;
    char last_byte_ = 0;             // of what has passed of a line that is split
    bool opened_ = false;            // the message's first line has been read
    bool errors_full_ = false;       // one had no place in errors_
    bool keeping_ = false;           // no gap has cut off what is kept of the string
    std::uint32_t line_length_ = 0;  // of what has passed of a line that is split
    std::uint64_t index_ = 0;        // of the next value among those that may be kept
    std::uint64_t pending_ = 0;      // values that are still to come
    std::uint64_t remaining_ = 0;    // bytes of the string, with its end of line
    std::uint64_t count_ = 0;
    std::uint64_t unbegun_ = 0;  // of the values of the outermost array
    std::int64_t integer_ = 0;
    std::uint64_t bytes_ = 0;
    Stamp begin_;
    MonotonicTime last_;
    std::array<Word, kWords> words_;
    std::vector<ErrorValue> errors_;
    std::array<char, kLineKept> line_{};
};

// Whether a message begins so: a whole request of a known command …
bool begins_with_known_command(std::string_view bytes);
// … or the first line of a reply.
bool begins_with_reply(std::string_view bytes);

}  // namespace footfall::redis
