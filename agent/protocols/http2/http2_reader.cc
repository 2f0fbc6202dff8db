// The part of Http2Reader that cuts both directions into frames and header blocks.
#include "agent/protocols/http2/http2_reader.h"

#include <algorithm>
#include <memory>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kHttp2>(const ReaderContext& context) {
    return std::make_unique<http2::Http2Reader>(context);
}

template <>
ProtocolFacts facts<Protocol::kHttp2>() {
    return {
        .title = "HTTP/2, gRPC",
        .versions = "RFC 9113 in cleartext, by prior knowledge and by `Upgrade: h2c`",
        .roles = "server, client",
        .named =
            "method and route; GraphQL and JSON-RPC also by what the body calls; gRPC: `package.Service/Method`. "
            "`{unknown}` where only what passed before footfall came has the name",
        .outcome = "as HTTP/1; gRPC and gRPC-Web: the status code's name (`NOT_FOUND`); what cut the stream",
        .not_read = "the messages of a streaming call: the call is one use",
    };
}

}  // namespace footfall

namespace footfall::http2 {
namespace {

constexpr std::size_t kBlockLimit = 65536;    // bytes read of a header block
constexpr std::size_t kKeptFragments = 1024;  // a larger buffer is given back
constexpr std::size_t kSettingsLimit = 600;   // bytes read of SETTINGS: there are seven settings of six bytes
constexpr std::uint32_t kLargestFrame = (1 << 24) - 1;
constexpr std::uint32_t kMostFailures = 16;
constexpr std::uint16_t kMaxFrameSize = 5;  // RFC 9113 §6.5.2

Direction opposite(Direction direction) {
    return direction == Direction::kReceived ? Direction::kSent : Direction::kReceived;
}

bool is_client_stream(std::uint32_t stream) { return stream % 2 == 1; }

}  // namespace

void Http2Reader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (standing_ == Standing::kRefuted) return;
    Side& from = side(direction);
    if (!from.framer.in_step()) {
        find_frames(direction, bytes, message_start, stamp);
        return pass_unseen(direction);
    }
    take_preface(direction, bytes);
    read_frames(direction, bytes, stamp);
}

void Http2Reader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (standing_ == Standing::kRefuted) return;
    Side& from = side(direction);
    const bool in_preface = from.preface_read > 0 && from.preface_read < kPreface.size();
    if (from.at_start || in_preface) return lose_step(direction);
    while (length > 0 && from.framer.in_step()) {
        switch (from.framer.skip(length, stamp)) {
            case LengthFramer::Step::kMore:
            case LengthFramer::Step::kHeader:
                break;
            case LengthFramer::Step::kFrame:
                take_frame(direction);
                break;
            case LengthFramer::Step::kGap:
                lose_step(direction);
                break;
        }
    }
    pass_unseen(direction);
}

void Http2Reader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (requests_ && !carries_requests(direction)) finish_all({CloseReason::kPeer, stamp.time});
}

void Http2Reader::on_close(CloseReason reason, MonotonicTime time) { finish_all({reason, time}); }

void Http2Reader::on_session_end(MonotonicTime time) { finish_all({std::nullopt, time}); }

void Http2Reader::restart(const ReaderContext& context) {
    context_ = context;
    open_.clear();
    for (Side& each : sides_) {
        each.framer.reset();
        each.table.reset();
        each.in_block = each.unseen = false;
        each.preface_read = 0;
        each.frame_limit = 0;
        each.at_start = !context.opened_before;
        if (context.opened_before) each.framer.lose();
    }
    started_ = 0;
    standing_ = Standing::kGuessed;
    requests_.reset();
    responses_passed_ = false;
    late_ = context.opened_before;
    next_stream_ = late_ ? 0 : 1;
    first_seen_ = 0;
    failures_ = 0;
}

// The client's first bytes. A connection that begins with anything else begins with what its server sent.
void Http2Reader::take_preface(Direction direction, std::string_view& bytes) {
    Side& from = side(direction);
    if (from.at_start) {
        from.at_start = false;
        if (bytes.front() != kPreface.front()) return;
    } else if (from.preface_read == 0 || from.preface_read == kPreface.size()) {
        return;
    }
    const std::string_view expected = kPreface.substr(from.preface_read, bytes.size());
    if (!bytes.starts_with(expected)) {
        bytes = {};
        return break_off(direction);
    }
    bytes.remove_prefix(expected.size());
    from.preface_read = static_cast<std::uint8_t>(from.preface_read + expected.size());
    if (from.preface_read < kPreface.size()) return;
    if (!requests_) fix_role(direction);
    confirm();
}

void Http2Reader::read_frames(Direction direction, std::string_view bytes, const Stamp& stamp) {
    Side& from = side(direction);
    while (from.framer.in_step()) {
        switch (from.framer.advance(bytes, stamp)) {
            case LengthFramer::Step::kMore:
            case LengthFramer::Step::kGap:
                return;
            case LengthFramer::Step::kHeader:
                take_header(direction);
                break;
            case LengthFramer::Step::kFrame:
                take_frame(direction);
                break;
        }
    }
}

std::uint32_t Http2Reader::frame_limit(const Side& from) const {
    if (from.frame_limit == 0 && late_) return kLargestFrame;
    return std::max(from.frame_limit, kDefaultFrameLimit);
}

void Http2Reader::take_header(Direction direction) {
    Side& from = side(direction);
    from.frame = parse_frame_header(from.framer.header());
    const FrameHeader& frame = from.frame;
    // Nothing comes between the frames of a header block.
    const bool continues = frame.type == FrameType::kContinuation;
    const bool in_place = continues == from.in_block && (!continues || frame.stream == from.block.first.stream);
    if (!in_place || !is_allowed(frame, frame_limit(from))) return break_off(direction);
    std::size_t keep = 0;
    switch (frame.type) {
        case FrameType::kHeaders:
        case FrameType::kPushPromise:
        case FrameType::kContinuation:
            keep = kBlockLimit;
            break;
        case FrameType::kSettings:
            keep = kSettingsLimit;
            break;
        case FrameType::kRstStream:
        case FrameType::kGoaway:
            keep = 8;
            break;
        case FrameType::kData:
            keep = wanted_of_data(direction, frame.stream);
            break;
        case FrameType::kPriority:
        case FrameType::kPing:
        case FrameType::kWindowUpdate:
        case FrameType::kOther:
            break;
    }
    from.framer.begin_body(frame.length, keep);
}

void Http2Reader::take_frame(Direction direction) {
    Side& from = side(direction);
    const FrameHeader& frame = from.frame;
    switch (frame.type) {
        case FrameType::kData:
            take_data(direction);
            return from.framer.drop_body();
        case FrameType::kHeaders:
        case FrameType::kPushPromise:
            return take_block_frame(direction);
        case FrameType::kContinuation:
            return take_continuation(direction);
        case FrameType::kRstStream:
            if (from.framer.body_kept()) take_reset(frame.stream, from.framer.body(), from.framer.last());
            return;
        case FrameType::kSettings:
            return take_settings(direction);
        case FrameType::kGoaway:
            if (from.framer.body_kept()) take_goaway(direction, from.framer.body());
            return;
        case FrameType::kPriority:
        case FrameType::kPing:
        case FrameType::kWindowUpdate:
        case FrameType::kOther:
            return;
    }
}

void Http2Reader::take_block_frame(Direction direction) {
    Side& from = side(direction);
    const LengthFramer& framer = from.framer;
    const Block block{from.frame, framer.begin(), framer.bytes(), framer.body_kept() && from.frame.length <= kBlockLimit};
    const std::string_view fragment = without_padding(from.frame, framer.body());
    if (from.frame.has(kEndHeaders)) return take_block(direction, block, fragment);
    from.fragments.assign(fragment);
    from.block = block;
    from.in_block = true;
}

void Http2Reader::take_continuation(Direction direction) {
    Side& from = side(direction);
    Block& block = from.block;
    const std::string_view fragment = from.framer.body();
    block.bytes += from.framer.bytes();
    if (from.fragments.size() + fragment.size() > kBlockLimit) block.whole = false;
    if (block.whole) from.fragments.append(fragment);
    block.whole = block.whole && from.framer.body_kept();
    if (!from.frame.has(kEndHeaders)) return;
    from.in_block = false;
    take_block(direction, block, from.fragments);
    from.fragments.clear();
    if (from.fragments.capacity() > kKeptFragments) from.fragments.shrink_to_fit();
}

void Http2Reader::take_block(Direction direction, const Block& block, std::string_view bytes) {
    Side& from = side(direction);
    Head head;
    const BlockResult result = read_block(bytes, block.whole, from.table, head);
    if (result == BlockResult::kBroken && standing_ == Standing::kGuessed) return break_off(direction);
    if (result != BlockResult::kWhole) {
        head.unresolved = true;
        from.table.forget();
    }
    const bool pushed = block.first.type == FrameType::kPushPromise;
    if (!requests_ && pushed) fix_role(opposite(direction));
    if (pushed || !is_client_stream(block.first.stream)) return;
    if (!requests_) {
        if (head.request_fields == head.response_fields) return;
        fix_role(head.request_fields ? direction : opposite(direction));
    }
    if (carries_requests(direction) ? head.response_fields : head.request_fields) return;
    if (head.request_fields || head.response_fields) confirm();
    if (standing_ != Standing::kConfirmed) return;
    if (carries_requests(direction)) return take_request_block(block, head);
    take_response_block(block, head, from.framer.last());
}

void Http2Reader::take_settings(Direction direction) {
    // A server may speak first, but it speaks no preface.
    if (!requests_ && !late_ && side(direction).preface_read == 0 && !side(direction).unseen) fix_role(opposite(direction));
    Side& to = side(opposite(direction));
    std::string_view settings = side(direction).framer.body();
    for (; settings.size() >= kSettingSize; settings.remove_prefix(kSettingSize)) {
        const std::uint32_t id = read_u32(settings) >> 16;
        if (id == kMaxFrameSize) to.frame_limit = std::max(to.frame_limit, read_u32(settings.substr(2)));
    }
}

// Lets a direction that is out of step find its feet: at the start of a message that begins with frames that can be, or in
// the captured end of one that is whole frames, the first of them of a stream that is open.
void Http2Reader::find_frames(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    Side& from = side(direction);
    const std::uint32_t limit = std::max(from.frame_limit, kDefaultFrameLimit);
    const auto begins_in_one = [this](std::string_view piece) {
        const FrameHeader frame = parse_frame_header(piece);
        return frame.type != FrameType::kContinuation &&
               (frame.type != FrameType::kData || open_.find(frame.stream) != nullptr);
    };
    const auto resume = [&](std::string_view piece) {
        from.framer.start();
        failures_ = 0;
        read_frames(direction, piece, stamp);
    };
    if (message_start && bytes.starts_with(kPreface)) {
        from.framer.start();
        from.at_start = true;
        return on_bytes(direction, bytes, false, stamp);
    }
    if (message_start) {
        const std::size_t frames = usual_frames(bytes, limit, false);
        if (frames > 1 || (frames == 1 && begins_in_one(bytes))) return resume(bytes);
        if (standing_ == Standing::kGuessed && ++failures_ == kMostFailures) standing_ = Standing::kRefuted;
        return;
    }
    for (; bytes.size() >= kFrameHeaderSize; bytes.remove_prefix(1)) {
        const std::uint32_t stream = parse_frame_header(bytes).stream;
        if (stream != 0 && open_.find(stream) == nullptr) continue;
        if (usual_frames(bytes, limit, true) > 0 && begins_in_one(bytes)) return resume(bytes);
    }
}

// What came can't be HTTP/2.
void Http2Reader::break_off(Direction direction) {
    if (standing_ != Standing::kGuessed) return lose_step(direction);
    standing_ = Standing::kRefuted;
    for (Side& each : sides_) each.framer.lose();
}

void Http2Reader::lose_step(Direction direction) {
    Side& from = side(direction);
    from.framer.lose();
    from.at_start = false;
    if (from.in_block) {
        from.in_block = from.block.whole = false;
        take_block(direction, from.block, from.fragments);
    }
    from.table.forget();
    from.unseen = true;
    if (!requests_) return;
    if (carries_requests(direction)) {
        open_.for_each([this](OpenStream& stream) {
            stream.finder.lose();
            if (stream.request_begun && !stream.request_done) end_request(stream);
        });
    } else {
        doubt_all();
    }
}

// Bytes have come; if that found no step, nothing is known of them.
void Http2Reader::pass_unseen(Direction direction) {
    responses_passed_ |= requests_ && !carries_requests(direction) && !side(direction).framer.in_step();
}

void Http2Reader::doubt_all() {
    responses_passed_ = false;
    open_.for_each([](OpenStream& stream) {
        stream.doubtful = !stream.response_done;
        if (stream.doubtful) stream.web.lose();
    });
}

void Http2Reader::fix_role(Direction requests) { requests_ = requests; }

}  // namespace footfall::http2
