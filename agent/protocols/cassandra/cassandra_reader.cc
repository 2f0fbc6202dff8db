#include "agent/protocols/cassandra/cassandra_reader.h"

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kCassandra>(const ReaderContext& context) {
    return std::make_unique<cassandra::CassandraReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kCassandra>() {
    return {
        .title = "Cassandra",
        .versions = "CQL native protocol 3, 4, 5",
        .roles = "server, client",
        .named = "statement and table, `SELECT orders`, of prepared ones too; `BATCH` and its first table; `STARTUP` …",
        .outcome = "the error's name, `Unavailable`; `closed`, `reset`, `timeout`",
        .not_read =
            "compressed connections (blind spot); events; statements prepared before footfall came are `EXECUTE {unknown}`",
    };
}

}  // namespace footfall

namespace footfall::cassandra {
namespace {

// Bytes of a body that are looked at.
constexpr std::size_t kKeptOfRequest = 2048;
constexpr std::size_t kKeptOfResponse = 512;

constexpr std::string_view kPrepare = "PREPARE ";

// OpenRequest::tag
constexpr std::uint32_t kAsksForName = 1;  // its answer may be the id of what it prepared

}  // namespace

void CassandraReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (open_.is_over()) return;
    if (message_start) look_for_start(side(direction), bytes);
    while (!bytes.empty() && !open_.is_over()) {
        segmented_ ? read_segment(direction, bytes, stamp) : read(direction, bytes, stamp);
    }
    if (!side(direction).framer.in_step()) pass_unseen(direction);
}

void CassandraReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    Side& from = side(direction);
    while (length > 0 && !open_.is_over()) {
        if (segmented_) {
            skip_segment(direction, length, stamp);
        } else {
            take(direction, from.framer.skip(length, stamp));
        }
    }
    if (!from.framer.in_step()) pass_unseen(direction);
}

void CassandraReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (!open_.is_confirmed() || open_.is_request(direction)) return;
    on_close(CloseReason::kPeer, stamp.time);
    for (Side& each : sides_) each.framer.lose();
}

void CassandraReader::on_close(CloseReason reason, MonotonicTime time) {
    settle_partial_request();
    open_.close(reason, time);
}

void CassandraReader::restart(const ReaderContext& context) {
    open_.restart(context, Kind::kCassandra, Standing::kGuessed);
    for (Side& each : sides_) {
        each.framer.reset();
        each.segments.start();
        each.compressed_seen = false;
        if (context.opened_before) each.framer.lose();
    }
    opened_before_ = context.opened_before;
    segmented_ = compression_agreed_ = requests_unseen_ = false;
    own_prepared_.reset();
    prepared_ = context.prepared;
    if (prepared_ != nullptr) return;
    own_prepared_ = std::make_unique<PreparedNames>();
    prepared_ = own_prepared_.get();
}

// A system call's first byte is where a stream that is out of step may find its feet.
void CassandraReader::look_for_start(Side& side, std::string_view bytes) {
    if (segmented_) {
        if (side.segments.in_step()) return;
        if (begins_segment(bytes)) return side.segments.start();
        return begins_compressed_segment(bytes) ? open_.go_compressed() : void();
    }
    if (side.framer.in_step()) return;
    if (bytes.size() >= kFrameHeader && parse_header(bytes)) return side.framer.start();
    if (open_.is_confirmed()) return;
    if (begins_segment(bytes)) {
        segmented_ = true;
        for (Side& each : sides_) each.segments.lose();
        side.segments.start();
    } else if (begins_compressed_segment(bytes)) {
        open_.go_compressed();
    }
}

void CassandraReader::read(Direction direction, std::string_view& bytes, const Stamp& stamp) {
    const bool segmented = segmented_;
    Step step = Step::kMore;
    do {
        step = side(direction).framer.advance(bytes, stamp);
        take(direction, step);
    } while (step != Step::kMore && !open_.is_over() && segmented == segmented_);
}

void CassandraReader::read_segment(Direction direction, std::string_view& bytes, const Stamp& stamp) {
    Side& from = side(direction);
    Segments::Piece piece = from.segments.next(bytes);
    if (!from.segments.in_step()) return lose_step(direction);
    // Where whole frames begin, no other one is under way: what is left of one passed unseen.
    if (piece.begins && !from.framer.between()) {
        lose_step(direction);
        pass_unseen(direction);
        from.framer.start();
    }
    read(direction, piece.payload, stamp);
}

void CassandraReader::skip_segment(Direction direction, std::uint64_t& length, const Stamp& stamp) {
    Side& from = side(direction);
    std::uint64_t payload = from.segments.skip(length, from.framer.remaining());
    if (!from.segments.in_step()) return lose_step(direction);
    while (payload > 0 && !open_.is_over()) take(direction, from.framer.skip(payload, stamp));
}

// What was seen of the present request names it, though its end was not.
void CassandraReader::lose_step(Direction direction) {
    if (open_.is_request(direction)) settle_partial_request();
    side(direction).framer.lose();
}

void CassandraReader::take(Direction direction, Step step) {
    switch (step) {
        case Step::kMore:
        case Step::kGap:
            return;
        case Step::kHeader:
            return take_header(direction);
        case Step::kFrame:
            return take_frame(direction);
    }
}

void CassandraReader::take_header(Direction direction) {
    Side& from = side(direction);
    const auto header = parse_header(from.framer.header());
    if (!header || (open_.knows_role() && header->response == open_.is_request(direction))) return break_off();
    from.header = *header;
    if (!open_.knows_role()) open_.set_role(direction, !header->response);
    if (header->compressed) return from.framer.begin_body(header->length, 0);
    if (!header->response) {
        open_.begin(header->stream, from.framer.begin());
    } else if (OpenRequest* request = open_.find(header->stream)) {
        request->first_byte = from.framer.begin().time;
    }
    from.framer.begin_body(header->length, header->response ? kKeptOfResponse : kKeptOfRequest);
}

void CassandraReader::take_frame(Direction direction) {
    Side& from = side(direction);
    if (from.header.compressed) return take_compressed(from);
    if (!is_plausible(from.header, from.framer.body())) return break_off();
    open_.confirm();
    from.header.response ? take_response(from) : take_request(from);
}

// By itself the flag says little of bytes that may be another protocol's.
void CassandraReader::take_compressed(Side& side) {
    side.compressed_seen = true;
    const bool sure = open_.is_confirmed() || (sides_[0].compressed_seen && sides_[1].compressed_seen);
    if (sure) open_.go_compressed();
}

void CassandraReader::take_request(const Side& side) {
    if (side.header.code == OpCode::kStartup) compression_agreed_ = asks_for_compression(side.framer.body());
    OpenRequest* request = open_.find(side.header.stream);
    if (request != nullptr) name_request(side, *request);
}

void CassandraReader::name_request(const Side& side, OpenRequest& request) {
    const auto operation = operation_of(side.header, side.framer.body(), *prepared_, text_);
    request.request_bytes = side.framer.bytes();
    if (!operation) {
        request.lost = side.framer.body_kept() ? LostReason::kUnparsable : LostReason::kGap;
        return;
    }
    request.name(operation->method, operation->target);
    request.tag = side.header.code == OpCode::kPrepare ? kAsksForName : 0;
}

void CassandraReader::take_response(const Side& side) {
    const Header& header = side.header;
    if (header.pushed()) return;
    OpenRequest* request = open_.find(header.stream);
    if (request == nullptr) {
        open_.lose_unasked(opened_before_ && !requests_unseen_ ? LostReason::kBeganBefore : LostReason::kGap);
    } else {
        if (request->text.empty() && !request->lost) request->lost = LostReason::kUnparsable;
        request->response_bytes = side.framer.bytes();
        if (request->tag == kAsksForName) keep_prepared(*request, prepared_id(header, side.framer.body()));
        const std::string_view error = error_of(header, side.framer.body(), text_);
        open_.finish(header.stream, error.empty() ? Outcome::kOk : Outcome::kError, error, side.framer.last());
    }
    // Not in segments, both answer STARTUP only, whether that was seen or not.
    const bool ready = header.code == OpCode::kReady || header.code == OpCode::kAuthenticate;
    if (ready && !segmented_) finish_handshake(header);
}

void CassandraReader::finish_handshake(const Header& header) {
    constexpr std::uint8_t kFirstInSegments = 5;
    if (compression_agreed_) return open_.go_compressed();
    segmented_ = header.version >= kFirstInSegments;
    for (Side& each : sides_) each.segments.start();
}

void CassandraReader::keep_prepared(const OpenRequest& request, std::string_view id) {
    if (!request.method().starts_with(kPrepare)) return;
    prepared_->keep(id, request.method().substr(kPrepare.size()), request.target());
}

void CassandraReader::pass_unseen(Direction direction) {
    if (open_.is_request(direction)) requests_unseen_ |= open_.is_confirmed();
    if (open_.is_response(direction)) open_.doubt_all();
}

// These bytes are not Cassandra's, or not any more.
void CassandraReader::break_off() {
    for (Side& each : sides_) {
        each.framer.lose();
        each.segments.lose();
    }
    open_.break_off();
}

// The connection ends in the midst of a request: what has its name is cut, the rest is lost.
void CassandraReader::settle_partial_request() {
    if (!open_.knows_role()) return;
    const Side& from = side(open_.requests());
    if (!from.framer.in_step() || from.framer.between()) return;
    OpenRequest* request = open_.find(from.header.stream);
    if (request != nullptr && request->text.empty() && !request->lost) name_request(from, *request);
}

}  // namespace footfall::cassandra
