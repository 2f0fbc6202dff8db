// What a message of MongoDB's wire protocol says about itself: its header, the operation that a request asks for, the
// outcome that a response tells (MongoDB manual, "MongoDB Wire Protocol", and the driver specifications' OP_MSG and
// OP_COMPRESSED).
//
// Names. The operation is the command, the name of the first element of the command document; the target is the collection:
// the string behind it, of a getMore its `collection`. Commands that are not of MongoDB are "_OTHER". Where document
// sequences come first (MongoDB's own servers send them so) and the command document is out of reach, the sequence's name
// tells the command. Of collections, runs of digits, and words of eight hexadecimal characters and more that hold a digit,
// become one "?": they number partitions, tenants and temporary results. Databases are not named, `$cmd` is no collection.
//
// Outcomes. ok: 0 is an error: its codeName, else its code. So is ok: 1 with writeErrors or a writeConcernError, since that
// use did not do what it was asked for: the code of the first, or "WriteError" where that is out of reach. A response whose
// `ok` is out of reach is ok: servers put `ok: 0` first, and what is long is a batch of documents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/pipeline/stages.h"

namespace footfall::mongodb {

enum class OpCode : std::uint32_t {
    kReply = 1,
    kUpdate = 2001,
    kInsert = 2002,
    kQuery = 2004,
    kGetMore = 2005,
    kDelete = 2006,
    kKillCursors = 2007,
    kCompressed = 2012,
    kMsg = 2013,
};

// The header, and what comes first in every kind of message: flags, of OP_MSG also the kind of the first section. All
// messages are longer.
constexpr std::size_t kHeaderSize = 21;
constexpr std::size_t kTargetLimit = 96;

struct Header {
    OpCode code{};
    std::uint32_t length = 0;  // of the whole message
    std::uint32_t request_id = 0;
    std::uint32_t response_to = 0;
    std::uint32_t flags = 0;  // of OP_MSG
    bool body_first = true;   // OP_MSG: the command document is the first section

    [[nodiscard]] bool more_to_come() const { return code == OpCode::kMsg && (flags & 2U) != 0; }
    [[nodiscard]] bool answers() const { return code == OpCode::kReply || (code == OpCode::kMsg && response_to != 0); }
    // A request that gets no response.
    [[nodiscard]] bool unacknowledged() const;
};

// Whether a message may begin so; the first 16 bytes tell.
bool begins_message(std::string_view bytes);

// bytes: kHeaderSize of them. None if no message begins so.
std::optional<Header> parse_header(std::string_view bytes);

// What a request asks for.
struct Operation {
    std::string_view method;
    std::string_view target;
    bool is_command = true;  // else documents of the user answer it
};

// Room for a folded target.
using TargetBuffer = std::array<char, kTargetLimit>;

// header: the bytes of it; body: what comes behind it, or the first part of that. None if too little is there to tell; views
// are of body, of constants and of buffer.
std::optional<Operation> operation_of(const Header& header, std::string_view bytes, std::string_view body,
                                      TargetBuffer& buffer);

// Whether what is there of the message could be one: the documents' lengths and first elements fit.
bool is_plausible(const Header& header, std::string_view bytes, std::string_view body);

struct Result {
    Outcome outcome = Outcome::kOk;
    std::array<char, 20> digits{};  // of a code …
    std::size_t digits_length = 0;
    std::string_view name;  // … else of body, or a constant

    [[nodiscard]] std::string_view error_type() const {
        return digits_length != 0 ? std::string_view(digits.data(), digits_length) : name;
    }
};

// command: the request was one. What answers a plain query (before OP_MSG) are documents of the user.
Result result_of(const Header& header, bool command, std::string_view body);

}  // namespace footfall::mongodb
