// The wire format of PostgreSQL's protocol 3: what messages there are, and what can be told from bytes that begin or end
// anywhere. Source: PostgreSQL manual, "Frontend/Backend Protocol", "Message Formats".
//
// A message is a type (one byte), a length (four bytes, big-endian, itself included) and a body. The first message of a
// client has no type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall::postgresql {

constexpr std::size_t kHeader = 5;                  // of a message with a type
constexpr std::size_t kStartupHeader = 4;           // of one without: its length
constexpr std::uint32_t kLengthLimit = 0x40000000;  // MaxAllocSize: the server refuses longer ones
constexpr std::uint32_t kStartupLimit = 10000;      // MAX_STARTUP_PACKET_LENGTH

std::uint32_t read_u32(std::string_view bytes);  // of the first four

// Bytes that a client's first message may begin with.
[[nodiscard]] bool may_be_startup(std::string_view bytes);
enum class Startup : std::uint8_t { kNone, kVersion3, kEncryption, kCancel };
Startup startup_of(std::uint32_t code);

[[nodiscard]] bool is_request(char type);
[[nodiscard]] bool is_response(char type);

// Whether a call that begins with these bytes begins with whole messages of a client that ask for something: each has a
// known type and a length that may be, as far as the bytes go.
[[nodiscard]] bool begins_with_requests(std::string_view bytes);
// The same for a server's first answer to a request.
[[nodiscard]] bool begins_with_responses(std::string_view bytes);

// What stands at the very end of bytes whose beginning is not known.
enum class Ending : std::uint8_t {
    kNothing,
    kReady,      // ReadyForQuery
    kCompleted,  // the same, with the completion of a statement right before it
};
Ending ending_of(std::string_view bytes);
constexpr std::size_t kEndingLongest = 64;  // bytes that it needs

// The SQLSTATE of an ErrorResponse's body; empty if it has none.
std::string_view sqlstate_of(std::string_view body);

// The string up to the next zero byte, which is taken off the bytes with it; all of them if there is none.
std::string_view take_string(std::string_view& bytes);

}  // namespace footfall::postgresql
