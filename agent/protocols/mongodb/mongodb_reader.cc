#include "agent/protocols/mongodb/mongodb_reader.h"

#include <memory>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kMongodb>(const ReaderContext& context) {
    return std::make_unique<mongodb::MongodbReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kMongodb>() {
    return {
        .title = "MongoDB",
        .versions = "OP_MSG, OP_QUERY and the other operations before it",
        .roles = "server, client",
        .named = "command and collection, `find orders`; numbers in collections are `{n}`",
        .outcome =
            "`codeName` or code of `ok: 0`, of the first write error, of a write concern error; `closed`, `reset`, "
            "`timeout`",
        .not_read = "compressed messages (blind spot); further responses of one request (exhaust)",
    };
}

}  // namespace footfall

namespace footfall::mongodb {
namespace {

// Bytes of a body that are looked at: of a request the first elements of its command, of one that begins with documents as
// much as a record holds; of a response what an error says.
constexpr std::size_t kKeptOfRequest = 1024;
constexpr std::size_t kKeptOfSequences = 16384;
constexpr std::size_t kKeptOfResponse = 2048;

// OpenRequest::tag: how the response is read.
constexpr std::uint32_t kCommand = 0;
constexpr std::uint32_t kPlainQuery = 1;

}  // namespace

void MongodbReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    LengthFramer& framer = side(direction).framer;
    if (message_start && !framer.in_step() && begins_message(bytes)) framer.start();
    while (!bytes.empty() && framer.in_step() && !open_.is_over()) take(direction, framer.advance(bytes, stamp));
    if (!framer.in_step()) pass_unseen(direction);
}

void MongodbReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    LengthFramer& framer = side(direction).framer;
    while (length > 0 && framer.in_step() && !open_.is_over()) take(direction, framer.skip(length, stamp));
    if (!framer.in_step()) pass_unseen(direction);
}

void MongodbReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (!open_.is_confirmed() || open_.is_request(direction)) return;
    on_close(CloseReason::kPeer, stamp.time);
    for (Side& each : sides_) each.framer.lose();
}

void MongodbReader::on_close(CloseReason reason, MonotonicTime time) {
    settle_partial_request();
    open_.close(reason, time);
}

void MongodbReader::restart(const ReaderContext& context) {
    open_.restart(context, Kind::kMongodb, Standing::kGuessed);
    for (Side& each : sides_) {
        each.framer.reset();
        if (context.opened_before) each.framer.lose();
    }
    opened_before_ = context.opened_before;
    request_seen_ = false;
    unacknowledged_.reset();
    streaming_.reset();
}

void MongodbReader::take(Direction direction, Step step) {
    switch (step) {
        case Step::kMore:
        case Step::kGap:
            return;
        case Step::kHeader:
            return take_header(direction);
        case Step::kFrame:
            return take_message(direction);
    }
}

void MongodbReader::take_header(Direction direction) {
    Side& from = side(direction);
    const auto header = parse_header(from.framer.header());
    if (!header) return break_off();
    if (header->code == OpCode::kCompressed) return open_.go_compressed();
    from.header = *header;
    if (!open_.knows_role()) open_.set_role(direction, !header->answers());
    if (open_.is_request(direction)) {
        if (header->code == OpCode::kReply) return break_off();
        request_seen_ = true;
        open_.begin(header->request_id, from.framer.begin());
        return from.framer.begin_body(header->length - kHeaderSize, header->body_first ? kKeptOfRequest : kKeptOfSequences);
    }
    OpenRequest* request = open_.find(header->response_to);
    if (request != nullptr) request->first_byte = from.framer.begin().time;
    from.framer.begin_body(header->length - kHeaderSize, kKeptOfResponse);
}

void MongodbReader::take_message(Direction direction) {
    Side& from = side(direction);
    if (!is_plausible(from.header, from.framer.header(), from.framer.body())) return break_off();
    open_.confirm();
    open_.is_request(direction) ? take_request(from) : take_response(from);
}

void MongodbReader::take_request(const Side& side) {
    const Header& header = side.header;
    if (header.unacknowledged()) unacknowledged_ = header.request_id;
    OpenRequest* request = open_.find(header.request_id);
    if (request == nullptr) return;
    name_request(side, *request);
    if (header.unacknowledged()) open_.finish(header.request_id, Outcome::kOk, {}, side.framer.last());
}

void MongodbReader::name_request(const Side& side, OpenRequest& request) {
    TargetBuffer buffer;
    const auto operation = operation_of(side.header, side.framer.header(), side.framer.body(), buffer);
    request.request_bytes = side.framer.bytes();
    if (!operation) {
        request.lost = side.framer.body_kept() ? LostReason::kUnparsable : LostReason::kGap;
        return;
    }
    request.name(operation->method, operation->target);
    request.tag = operation->is_command ? kCommand : kPlainQuery;
}

void MongodbReader::take_response(const Side& side) {
    const Header& header = side.header;
    OpenRequest* request = open_.find(header.response_to);
    if (request == nullptr) return lose_unasked(header);
    if (header.more_to_come()) {
        streaming_ = header.response_to;
        streamed_ = header.request_id;
    }
    if (request->text.empty() && !request->lost) request->lost = LostReason::kUnparsable;
    request->response_bytes = side.framer.bytes();
    const bool after_gap = !open_.is_doubtful(header.response_to);
    const Result result = result_of(header, request->tag == kCommand, side.framer.body());
    open_.finish(header.response_to, result.outcome, result.error_type(), side.framer.last());
    if (after_gap) open_.lose_doubtful();
}

void MongodbReader::lose_unasked(const Header& header) {
    const bool streams = streaming_ && (header.response_to == *streaming_ || header.response_to == streamed_);
    if (streams) streamed_ = header.request_id;
    if (streams || header.response_to == unacknowledged_) return;
    const bool before = opened_before_ && !request_seen_;
    if (before && header.more_to_come()) {
        streaming_ = header.response_to;
        streamed_ = header.request_id;
    }
    open_.lose_unasked(before ? LostReason::kBeganBefore : LostReason::kGap);
}

void MongodbReader::pass_unseen(Direction direction) {
    if (open_.is_response(direction)) open_.doubt_all();
}

// These bytes are not MongoDB's, or not any more.
void MongodbReader::break_off() {
    for (Side& each : sides_) each.framer.lose();
    open_.break_off();
}

// The connection ends in the midst of a request: what has its name is cut, the rest is lost.
void MongodbReader::settle_partial_request() {
    if (!open_.knows_role()) return;
    const Side& from = side(open_.requests());
    if (!from.framer.in_step() || from.framer.between()) return;
    OpenRequest* request = open_.find(from.header.request_id);
    if (request != nullptr && request->text.empty() && !request->lost) name_request(from, *request);
}

}  // namespace footfall::mongodb
