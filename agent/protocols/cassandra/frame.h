// What a frame of Cassandra's native protocol (CQL; native_protocol_v3, v4 and v5.spec) says about itself: its header, the
// operation that a request asks for, the error that a response tells.
//
// Names. QUERY and EXECUTE are what their statement does, and to which table (sql/statement_name.h): "SELECT", "orders". A
// statement that was prepared before footfall watched is "EXECUTE", "{unknown}". PREPARE is "PREPARE SELECT", "orders".
// BATCH is "BATCH" and the table of its first statement. The handshake's OPTIONS, STARTUP, AUTH_RESPONSE and REGISTER are
// uses of these names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/prepared_names.h"

namespace footfall::cassandra {

enum class OpCode : std::uint8_t {
    kError = 0x00,
    kStartup = 0x01,
    kReady = 0x02,
    kAuthenticate = 0x03,
    kOptions = 0x05,
    kSupported = 0x06,
    kQuery = 0x07,
    kResult = 0x08,
    kPrepare = 0x09,
    kExecute = 0x0A,
    kRegister = 0x0B,
    kEvent = 0x0C,
    kBatch = 0x0D,
    kAuthChallenge = 0x0E,
    kAuthResponse = 0x0F,
    kAuthSuccess = 0x10,
};

constexpr std::size_t kFrameHeader = 9;

struct Header {
    std::uint8_t version = 0;  // 3 to 5
    bool response = false;
    bool compressed = false;
    bool traced = false;
    bool has_payload = false;   // of a custom kind
    bool has_warnings = false;  // responses only
    OpCode code{};
    std::uint16_t stream = 0;
    std::uint32_t length = 0;  // of the body

    [[nodiscard]] bool pushed() const { return response && (stream & 0x8000U) != 0; }  // an event: no response to anything
};

// bytes: kFrameHeader of them at least. None if no frame begins so.
std::optional<Header> parse_header(std::string_view bytes);

// Whether the body, or what is there of it, is one of its kind: a wrong guess seldom is.
bool is_plausible(const Header& header, std::string_view body);

struct Operation {
    std::string_view method;
    std::string_view target;
};

// None if too little of the body is there to tell. Views are of constants, of buffer, or of prepared.
std::optional<Operation> operation_of(const Header& header, std::string_view body, const PreparedNames& prepared,
                                      std::string& buffer);

// Of STARTUP: what follows will be compressed.
bool asks_for_compression(std::string_view body);

// Of what PREPARE is answered with; empty if it is no such response.
std::string_view prepared_id(const Header& header, std::string_view body);

// Empty if the response is no error. "0x…" in buffer for a code that is not known.
std::string_view error_of(const Header& header, std::string_view body, std::string& buffer);

}  // namespace footfall::cassandra
