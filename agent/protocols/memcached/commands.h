// What a memcached client asks and what the server answers, from one line of the text protocol (with its meta commands) or
// one header of the binary protocol. Sources: doc/protocol.txt of memcached 1.6; docs.memcached.org/protocols/binary.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall::memcached {

constexpr std::size_t kBinaryHeader = 24;
constexpr std::size_t kLineKept = 512;  // bytes kept of a line that is split; a key has 250 at most

// Commands that are answered alike. Bits, so that a reply says all that it may answer.
enum Family : std::uint16_t {
    kRead = 1U << 0U,    // VALUE…, END
    kStore = 1U << 1U,   // STORED, NOT_STORED, EXISTS, NOT_FOUND
    kDelete = 1U << 2U,  // DELETED, NOT_FOUND
    kCount = 1U << 3U,   // a number, NOT_FOUND
    kTouch = 1U << 4U,   // TOUCHED, NOT_FOUND
    kStats = 1U << 5U,   // STAT…, END, RESET, OK
    kVersion = 1U << 6U,
    kMeta = 1U << 7U,      // two letters
    kMetaNoop = 1U << 8U,  // MN
    kOther = 1U << 9U,     // anything
    kBinary = 1U << 10U,
};
constexpr std::string_view kUnknownCommand = "_OTHER";
constexpr std::uint16_t kAnyFamily = 0xffff;

// What a quiet command leaves unanswered.
enum class Quiet : std::uint8_t { kNever, kMiss, kDone };

struct Request {
    std::string_view name;  // static text: "get", "mg", "_OTHER"
    Family family = kOther;
    Quiet quiet = Quiet::kNever;
    bool unanswered = false;  // noreply, quit
    bool watches = false;     // what follows is a log
    bool has_data = false;    // a data block follows
    bool tagged = false;
    std::uint32_t tag = 0;   // of its opaque, or of its key where the reply has that
    std::uint64_t data = 0;  // its bytes, without an end of line
};

enum class Result : std::uint8_t { kOther, kMiss, kDone };

struct Reply {
    std::uint16_t families = 0;  // that it may answer
    Result result = Result::kOther;
    std::string_view error;  // static text; empty: none
    bool has_data = false;
    bool continues = false;  // more lines, or messages, of it follow
    bool tagged = false;
    std::uint32_t tag = 0;
    std::uint64_t data = 0;
};

// A line without its end. None: no client, no server would say so.
std::optional<Request> request_of_line(std::string_view line);
std::optional<Reply> reply_of_line(std::string_view line);

// kBinaryHeader bytes. data is the length of the body.
std::optional<Request> request_of_header(std::string_view header);
std::optional<Reply> reply_of_header(std::string_view header);

constexpr bool is_binary(char first) { return (static_cast<unsigned char>(first) & 0xfeU) == 0x80U; }

// Whether a message begins so, with a command that is known.
bool begins_with_request(std::string_view bytes);
bool begins_with_reply(std::string_view bytes);

}  // namespace footfall::memcached
