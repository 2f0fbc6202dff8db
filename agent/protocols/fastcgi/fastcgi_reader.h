// Reads FastCGI (specification 1.0) on one connection between a web server and an application: records, requests of several
// numbers at once, kept connections. Its uses are of kind http: method and target as the web server passes them on
// (REQUEST_METHOD, REQUEST_URI), the status that the application writes. Times, ownership and threads are those of
// ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - An exchange begins with BEGIN_REQUEST and ends with END_REQUEST; first_byte is the first record of its response.
// - Errors are those of HTTP: a status from 500 on, as a client from 400 on. A request that the application refuses is
//   "cant_multiplex", "overloaded" or "unknown_role", one that ends without a word "empty", one that the web server gave up
//   and the application ended "aborted".
// - bytes are those of the request's records, heads and padding included. Records about the connection are nobody's.
//
// What a gap does: in a body, nothing but that the rest of it is not looked at; a request whose method or target is in it is
// lost. In a header: the stream is out of step until a message starts with BEGIN_REQUEST, or with a record of the response
// to a request that waits. An END_REQUEST for one that waits, at the end of what a system call moved, is taken as such:
// applications end their responses with it. Bytes that pass out of step are those of the request that waits, if only one
// does. A response without a request is lost itself: kBeganBefore before the first request of a connection that was open
// before footfall came, else kGap.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/protocols/fastcgi/request_parameters.h"
#include "agent/protocols/fastcgi/response_head.h"
#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/pairing/by_id.h"
#include "agent/protocols/protocol.h"

namespace footfall::fastcgi {

constexpr std::size_t kRecordHeader = 8;

enum class Type : std::uint8_t {
    kBeginRequest = 1,
    kAbortRequest = 2,
    kEndRequest = 3,
    kParams = 4,
    kStdin = 5,
    kStdout = 6,
    kStderr = 7,
    kData = 8,
    kGetValues = 9,
    kGetValuesResult = 10,
    kUnknownType = 11,
};

struct Record {
    Type type{};
    std::uint16_t id = 0;
    std::uint16_t content = 0;  // bytes of it
    std::uint8_t padding = 0;

    [[nodiscard]] std::uint64_t bytes() const { return kRecordHeader + content + padding; }
};

class FastcgiReader final : public ProtocolReader {
public:
    explicit FastcgiReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override;
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime) override { open_.session_end(); }
    [[nodiscard]] Standing standing() const override { return open_.standing(); }
    void restart(const ReaderContext& context) override;

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return open_.started(); }

private:
    using Step = LengthFramer::Step;

    struct Side {
        LengthFramer framer{kRecordHeader};
        Record record;  // the present one
    };
    // What is read of a request and its response beyond the books.
    struct Parts {
        std::uint16_t id = 0;
        RequestParameters parameters;
        ResponseHead head;
    };

    Side& side(Direction direction) { return sides_[static_cast<std::size_t>(direction)]; }
    void look_for_record(Direction direction, std::string_view bytes);
    void look_for_end(Direction direction, std::string_view bytes, const Stamp& stamp);
    void pass_unseen(Direction direction, std::uint64_t length);
    void take(Direction direction, Step step);
    void take_header(Direction direction);
    void take_record(Direction direction);
    void take_request_record(const Side& side);
    void take_parameters(const Side& side);
    void take_response_record(const Side& side);
    void take_output(const Side& side);
    void begin(const Side& side);
    void end(std::uint16_t id, std::uint8_t protocol_status, MonotonicTime time);
    void name_request(OpenRequest& request, const RequestParameters& parameters);
    void name_all();
    void break_off();
    Parts& parts_of(std::uint16_t id);
    Parts* find_parts(std::uint16_t id);

    std::array<Side, 2> sides_;  // by direction
    ById open_;
    std::vector<Parts> parts_;    // a few, kept for the next requests
    std::size_t parts_used_ = 0;  // of them
    bool opened_before_ = false;
    bool request_seen_ = false;
};

}  // namespace footfall::fastcgi
