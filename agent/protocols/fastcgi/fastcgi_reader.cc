#include "agent/protocols/fastcgi/fastcgi_reader.h"

#include <algorithm>
#include <memory>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kFastcgi>(const ReaderContext& context) {
    return std::make_unique<fastcgi::FastcgiReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kFastcgi>() {
    return {
        .title = "FastCGI",
        .versions = "1.0",
        .roles = "server (the application), client (the web server)",
        .named = "method and route, as the web server passes them on; kind `http`",
        .outcome = "as HTTP's; `aborted`, `overloaded`, `empty`; `closed`, `reset`, `timeout`",
        .not_read = "bodies, environments",
    };
}

}  // namespace footfall

namespace footfall::fastcgi {
namespace {

constexpr std::uint16_t kKeptOfOutput = 1024;
constexpr std::uint16_t kFixedContent = 8;  // of BEGIN_REQUEST and END_REQUEST
constexpr std::size_t kProtocolStatus = 4;  // its place in END_REQUEST

// OpenRequest::tag, bits
constexpr std::uint32_t kAnswered = 1;
constexpr std::uint32_t kAborted = 2;

bool asks(Type type) {
    switch (type) {
        case Type::kBeginRequest:
        case Type::kAbortRequest:
        case Type::kParams:
        case Type::kStdin:
        case Type::kData:
        case Type::kGetValues:
            return true;
        case Type::kEndRequest:
        case Type::kStdout:
        case Type::kStderr:
        case Type::kGetValuesResult:
        case Type::kUnknownType:
            return false;
    }
    return false;
}

// bytes: kRecordHeader of them at least.
std::optional<Record> parse_record(std::string_view bytes) {
    constexpr std::uint8_t kVersion = 1;
    const auto byte = [bytes](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
    const auto word = [byte](std::size_t at) { return static_cast<std::uint16_t>(byte(at) << 8U | byte(at + 1)); };
    const std::uint8_t type = byte(1);
    if (byte(0) != kVersion || type == 0 || type > static_cast<std::uint8_t>(Type::kUnknownType)) return std::nullopt;
    const Record record{static_cast<Type>(type), word(2), word(4), byte(6)};
    const bool management = record.type >= Type::kGetValues;
    if (management != (record.id == 0)) return std::nullopt;
    const bool fixed = record.type == Type::kBeginRequest || record.type == Type::kEndRequest;
    return fixed && record.content != kFixedContent ? std::nullopt : std::optional(record);
}

bool is_beginning(std::string_view body) {
    constexpr std::uint8_t kRoles = 3;
    const auto role = static_cast<std::uint8_t>(body[1]);
    return body[0] == 0 && role >= 1 && role <= kRoles;
}

std::string_view refusal(std::uint8_t protocol_status) {
    switch (protocol_status) {
        case 1:
            return "cant_multiplex";
        case 2:
            return "overloaded";
        default:
            return "unknown_role";
    }
}

}  // namespace

void FastcgiReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    LengthFramer& framer = side(direction).framer;
    if (message_start && !framer.in_step()) look_for_record(direction, bytes);
    if (!framer.in_step()) {
        pass_unseen(direction, bytes.size());
        if (open_.is_response(direction)) look_for_end(direction, bytes, stamp);
        return;
    }
    Step step = Step::kMore;
    do {
        step = framer.advance(bytes, stamp);
        take(direction, step);
    } while (step != Step::kMore);
}

void FastcgiReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    LengthFramer& framer = side(direction).framer;
    if (!framer.in_step()) return pass_unseen(direction, length);
    while (length > 0 && framer.in_step()) {
        const std::uint64_t left = length;
        const Step step = framer.skip(length, stamp);
        if (step == Step::kGap) return pass_unseen(direction, left);
        take(direction, step);
    }
}

void FastcgiReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (!open_.is_confirmed() || open_.is_request(direction)) return;
    on_close(CloseReason::kPeer, stamp.time);
    for (Side& each : sides_) each.framer.lose();
}

void FastcgiReader::on_close(CloseReason reason, MonotonicTime time) {
    name_all();
    open_.close(reason, time);
}

void FastcgiReader::restart(const ReaderContext& context) {
    open_.restart(context, Kind::kHttp, Standing::kGuessed);
    for (Side& each : sides_) {
        each.framer.reset();
        if (context.opened_before) each.framer.lose();
    }
    parts_used_ = 0;
    opened_before_ = context.opened_before;
    request_seen_ = false;
}

// A system call's first byte is where a stream that is out of step may find its feet.
void FastcgiReader::look_for_record(Direction direction, std::string_view bytes) {
    if (bytes.size() < kRecordHeader) return;
    const auto record = parse_record(bytes);
    if (!record) return;
    const bool begins = record->type == Type::kBeginRequest && !open_.is_response(direction);
    const bool answers = !asks(record->type) && open_.is_response(direction) && open_.find(record->id) != nullptr;
    const bool first_answer = record->type == Type::kEndRequest && !open_.knows_role();
    if (begins || answers || first_answer) side(direction).framer.start();
}

void FastcgiReader::look_for_end(Direction direction, std::string_view bytes, const Stamp& stamp) {
    constexpr std::size_t kWhole = kRecordHeader + kFixedContent;
    constexpr std::string_view kReserved("\0\0\0", 3);
    if (bytes.size() < kWhole) return;
    const std::string_view last = bytes.substr(bytes.size() - kWhole);
    const auto record = parse_record(last);
    const bool ends = record && record->type == Type::kEndRequest && record->padding == 0 && last.ends_with(kReserved);
    if (!ends || open_.find(record->id) == nullptr) return;
    side(direction).framer.start();
    end(record->id, static_cast<std::uint8_t>(last[kRecordHeader + kProtocolStatus]), stamp.time);
}

void FastcgiReader::pass_unseen(Direction direction, std::uint64_t length) {
    if (!open_.knows_role()) return;
    const bool response = open_.is_response(direction);
    if (response) open_.doubt_all();
    if (open_.size() != 1) return;
    OpenRequest& request = open_.only();
    (response ? request.response_bytes : request.request_bytes) += length;
}

void FastcgiReader::take(Direction direction, Step step) {
    switch (step) {
        case Step::kMore:
        case Step::kGap:
            return;
        case Step::kHeader:
            return take_header(direction);
        case Step::kFrame:
            return take_record(direction);
    }
}

void FastcgiReader::take_header(Direction direction) {
    Side& from = side(direction);
    const auto record = parse_record(from.framer.header());
    if (!record || (open_.knows_role() && asks(record->type) != open_.is_request(direction))) return break_off();
    from.record = *record;
    if (!open_.knows_role()) open_.set_role(direction, asks(record->type));
    if (OpenRequest* request = open_.find(record->id); request != nullptr && record->type != Type::kBeginRequest) {
        const bool response = open_.is_response(direction);
        (response ? request->response_bytes : request->request_bytes) += record->bytes();
        if (response && request->first_byte.nanoseconds == 0) request->first_byte = from.framer.begin().time;
    }
    const bool output = record->type == Type::kStdout;
    from.framer.begin_body(record->content + record->padding,
                           output ? std::min(record->content, kKeptOfOutput) : record->content);
}

void FastcgiReader::take_record(Direction direction) {
    const Side& from = side(direction);
    open_.is_request(direction) ? take_request_record(from) : take_response_record(from);
}

void FastcgiReader::take_request_record(const Side& side) {
    switch (side.record.type) {
        case Type::kBeginRequest:
            return begin(side);
        case Type::kParams:
            return take_parameters(side);
        case Type::kAbortRequest:
            if (OpenRequest* request = open_.find(side.record.id)) request->tag |= kAborted;
            return;
        case Type::kStdin:
        case Type::kData:
        case Type::kGetValues:
        case Type::kEndRequest:
        case Type::kStdout:
        case Type::kStderr:
        case Type::kGetValuesResult:
        case Type::kUnknownType:
            return;
    }
}

void FastcgiReader::begin(const Side& side) {
    if (!side.framer.body_kept() || !is_beginning(side.framer.body())) return break_off();
    open_.confirm();
    request_seen_ = true;
    OpenRequest* request = open_.begin(side.record.id, side.framer.begin());
    if (request == nullptr) return;
    request->request_bytes = side.record.bytes();
    Parts& parts = parts_of(side.record.id);
    parts.parameters.reset();
    parts.head.reset();
}

void FastcgiReader::take_parameters(const Side& side) {
    OpenRequest* request = open_.find(side.record.id);
    Parts* parts = find_parts(side.record.id);
    if (request == nullptr || parts == nullptr) return;
    if (side.record.content == 0) return name_request(*request, parts->parameters);
    const std::string_view body = side.framer.body();
    parts->parameters.read(body);
    parts->parameters.skip(side.record.content - body.size());
}

void FastcgiReader::name_request(OpenRequest& request, const RequestParameters& parameters) {
    if (!request.text.empty() || request.lost) return;
    if (parameters.method().empty() || parameters.target().empty()) {
        request.lost = parameters.lost() ? LostReason::kGap : LostReason::kUnparsable;
        return;
    }
    request.name(parameters.method(), parameters.target());
    request.tls = parameters.https();
}

// The connection ends: what was seen of its requests names them.
void FastcgiReader::name_all() {
    for (std::size_t i = 0; i < parts_used_; ++i) {
        if (OpenRequest* request = open_.find(parts_[i].id)) name_request(*request, parts_[i].parameters);
    }
}

void FastcgiReader::take_response_record(const Side& side) {
    switch (side.record.type) {
        case Type::kStdout:
            return take_output(side);
        case Type::kEndRequest: {
            const std::string_view body = side.framer.body();
            const bool whole = side.framer.body_kept();
            return end(side.record.id, whole ? static_cast<std::uint8_t>(body[kProtocolStatus]) : std::uint8_t{0},
                       side.framer.last());
        }
        case Type::kStderr:
        case Type::kGetValuesResult:
        case Type::kUnknownType:
        case Type::kBeginRequest:
        case Type::kAbortRequest:
        case Type::kParams:
        case Type::kStdin:
        case Type::kData:
        case Type::kGetValues:
            return;
    }
}

void FastcgiReader::take_output(const Side& side) {
    OpenRequest* request = open_.find(side.record.id);
    Parts* parts = find_parts(side.record.id);
    if (request == nullptr || parts == nullptr || side.record.content == 0) return;
    request->tag |= kAnswered;
    if (parts->head.ended()) return;
    parts->head.read(side.framer.body());
    if (side.framer.body().size() < side.record.content) parts->head.skip();
}

void FastcgiReader::end(std::uint16_t id, std::uint8_t protocol_status, MonotonicTime time) {
    OpenRequest* request = open_.find(id);
    Parts* parts = find_parts(id);
    if (request == nullptr || parts == nullptr) {
        if (!open_.is_confirmed()) return;
        return open_.lose_unasked(opened_before_ && !request_seen_ ? LostReason::kBeganBefore : LostReason::kGap);
    }
    name_request(*request, parts->parameters);
    if (protocol_status != 0) return open_.finish(id, Outcome::kError, refusal(protocol_status), time);
    if ((request->tag & kAborted) != 0) return open_.finish(id, Outcome::kError, "aborted", time);
    if ((request->tag & kAnswered) == 0) return open_.finish(id, Outcome::kError, "empty", time);
    constexpr std::uint16_t kFirstClientError = 400;
    constexpr std::uint16_t kFirstServerError = 500;
    request->status = parts->head.status();
    const bool failed = request->status >= (open_.role() == Role::kServer ? kFirstServerError : kFirstClientError);
    const std::array<char, 3> digits{static_cast<char>('0' + request->status / 100),
                                     static_cast<char>('0' + request->status / 10 % 10),
                                     static_cast<char>('0' + request->status % 10)};
    const std::string_view error = failed ? std::string_view(digits.data(), digits.size()) : std::string_view();
    open_.finish(id, failed ? Outcome::kError : Outcome::kOk, error, time);
}

// These bytes are not FastCGI's, or not any more.
void FastcgiReader::break_off() {
    for (Side& each : sides_) each.framer.lose();
    open_.break_off();
}

FastcgiReader::Parts& FastcgiReader::parts_of(std::uint16_t id) {
    if (Parts* parts = find_parts(id)) return *parts;
    // Those of requests that have ended are free.
    for (std::size_t i = 0; i < parts_used_; ++i) {
        if (open_.find(parts_[i].id) != nullptr) continue;
        parts_[i].id = id;
        return parts_[i];
    }
    if (parts_used_ == parts_.size()) parts_.emplace_back();
    Parts& parts = parts_[parts_used_++];
    parts.id = id;
    return parts;
}

FastcgiReader::Parts* FastcgiReader::find_parts(std::uint16_t id) {
    for (std::size_t i = 0; i < parts_used_; ++i) {
        if (parts_[i].id == id) return &parts_[i];
    }
    return nullptr;
}

}  // namespace footfall::fastcgi
