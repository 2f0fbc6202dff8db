#include "agent/protocols/websocket/message_reader.h"

#include <utility>

namespace footfall::websocket {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x30;  // of three bits, extensions in use (permessage-deflate) take the first only
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kControl = 0x08;
constexpr std::uint8_t kPong = 0x0a;
constexpr std::uint8_t kBinary = 0x02;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kTwoBytes = 126;
constexpr std::uint8_t kEightBytes = 127;
constexpr std::size_t kMaskBytes = 4;
constexpr std::uint64_t kLongestMessage = std::uint64_t{1} << 40U;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::size_t length_bytes(std::uint8_t short_length) {
    if (short_length == kTwoBytes) return 2;
    return short_length == kEightBytes ? 8 : 0;
}

std::size_t header_bytes(std::string_view first_two) {
    const std::uint8_t second = byte_at(first_two, 1);
    return 2 + length_bytes(second & kLength) + ((second & kMasked) != 0 ? kMaskBytes : 0);
}

std::uint64_t payload_length(std::string_view header) {
    const std::uint8_t short_length = byte_at(header, 1) & kLength;
    const std::size_t count = length_bytes(short_length);
    if (count == 0) return short_length;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8U | byte_at(header, 2 + i);
    return length;
}

}  // namespace

MessageReader::MessageReader(const ReaderContext& context, Role role, std::string_view target)
    : context_(context), role_(role), target_(target) {}

void MessageReader::begin_late() {
    for (Stream& each : streams_) each.framer.lose();
}

void MessageReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (message_start) look_for_frame(direction, bytes);
    LengthFramer& framer = stream(direction).framer;
    for (LengthFramer::Step step = framer.advance(bytes, stamp); step != LengthFramer::Step::kMore;
         step = framer.advance(bytes, stamp)) {
        take(direction, step);
    }
}

void MessageReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    while (length > 0) take(direction, stream(direction).framer.skip(length, stamp));
}

void MessageReader::on_close(CloseReason reason, MonotonicTime time) {
    for (const Direction direction : {Direction::kReceived, Direction::kSent}) {
        std::optional<Message> message = std::exchange(stream(direction).message, std::nullopt);
        if (!message) continue;
        message->last = time;
        hand_out(direction, *message, text_of(reason));
    }
}

void MessageReader::on_session_end() {
    for (Stream& each : streams_) {
        if (each.message) context_.sink->on_lost(LostReason::kUnfinished);
        each.message.reset();
    }
}

void MessageReader::take(Direction direction, LengthFramer::Step step) {
    switch (step) {
        case LengthFramer::Step::kMore:
            return;
        case LengthFramer::Step::kHeader:
            return take_header(direction);
        case LengthFramer::Step::kFrame:
            return take_frame(direction);
        case LengthFramer::Step::kGap:
            return lose_step(direction);
    }
}

void MessageReader::take_header(Direction direction) {
    Stream& at = stream(direction);
    const std::string_view header = at.framer.header();
    if (!is_header(direction, header)) return lose_step(direction);
    if (header.size() < header_bytes(header)) return at.framer.extend_header(header_bytes(header));
    const std::uint64_t length = payload_length(header);
    if (length > kLongestMessage) return lose_step(direction);
    at.control = (byte_at(header, 0) & kControl) != 0;
    at.final = (byte_at(header, 0) & kFinal) != 0;
    if (!at.control && !at.message) {
        ++started_;
        at.message = Message{.begin = at.framer.begin()};
    }
    at.framer.begin_body(length, 0);
}

void MessageReader::take_frame(Direction direction) {
    Stream& at = stream(direction);
    if (at.control || !at.message) return;
    at.message->bytes += at.framer.bytes();
    at.message->last = at.framer.last();
    if (at.final) hand_out(direction, *std::exchange(at.message, std::nullopt), {});
}

void MessageReader::lose_step(Direction direction) {
    Stream& at = stream(direction);
    at.framer.lose();
    if (std::exchange(at.message, std::nullopt)) context_.sink->on_lost(LostReason::kGap);
}

void MessageReader::look_for_frame(Direction direction, std::string_view bytes) {
    Stream& at = stream(direction);
    if (at.framer.in_step() || bytes.size() < kShortestHeader || !is_header(direction, bytes)) return;
    const std::size_t size = header_bytes(bytes);
    const bool begins_message = (byte_at(bytes, 0) & kOpcode) != 0;
    if (begins_message && size <= bytes.size() && payload_length(bytes) <= bytes.size() - size) at.framer.start();
}

// Whether a frame that goes this way may begin with these bytes, of which there are two at least.
bool MessageReader::is_header(Direction direction, std::string_view bytes) const {
    const std::uint8_t first = byte_at(bytes, 0);
    const std::uint8_t second = byte_at(bytes, 1);
    const std::uint8_t opcode = first & kOpcode;
    const bool control = opcode >= kControl;
    if ((first & kReserved) != 0 || opcode > kPong || (opcode > kBinary && !control)) return false;
    if (control && ((first & kFinal) == 0 || (second & kLength) >= kTwoBytes)) return false;
    return ((second & kMasked) != 0) == is_masked(direction);
}

// What clients send is masked, what servers send is not.
bool MessageReader::is_masked(Direction direction) const {
    return (role_ == Role::kServer) == (direction == Direction::kReceived);
}

void MessageReader::hand_out(Direction direction, const Message& message, std::string_view cut) {
    const bool received = direction == Direction::kReceived;
    context_.sink->on_exchange({
        .kind = Kind::kWebSocket,
        .role = role_,
        .outcome = cut.empty() ? Outcome::kOk : Outcome::kError,
        .connection = context_.connection,
        .pid = message.begin.pid,
        .tid = message.begin.tid,
        .method = received ? "receive" : "send",
        .target = target_,
        .error_type = cut,
        .begin = message.begin.time,
        .end = message.last,
        .bytes_in = received ? message.bytes : 0,
        .bytes_out = received ? 0 : message.bytes,
    });
}

}  // namespace footfall::websocket
