#include "agent/protocols/websocket/late_reader.h"

#include <utility>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kWebSocket>(const ReaderContext& context) {
    return std::make_unique<websocket::LateReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kWebSocket>() {
    return {
        .title = "WebSocket",
        .versions = "RFC 6455, opened before footfall came; later ones: HTTP/1",
        .roles = "server, client",
        .named = "`send {unknown}`, `receive {unknown}`",
        .outcome = "`closed`, `reset`, `timeout` in the midst of a message",
        .not_read =
            "what comes before a client's frame that fills its call; where fewer than three calls with frames follow it, "
            "all",
    };
}

}  // namespace footfall

namespace footfall::websocket {

void LateReader::Held::start(ExchangeSink* sink) {
    sink_ = sink;
    released_ = lost_ = false;
    exchanges_.clear();
}

void LateReader::Held::release() {
    released_ = true;
    for (const Exchange& exchange : std::exchange(exchanges_, {})) sink_->on_exchange(exchange);
}

void LateReader::Held::on_exchange(const Exchange& exchange) {
    released_ ? sink_->on_exchange(exchange) : exchanges_.push_back(exchange);
}

// What is lost of a guess is nothing.
void LateReader::Held::on_lost(LostReason reason) { released_ ? sink_->on_lost(reason) : void(lost_ = true); }

void LateReader::restart(const ReaderContext& context) {
    context_ = context;
    strikes_ = 0;
    forget();
    standing_ = context.opened_before ? Standing::kGuessed : Standing::kRefuted;
}

void LateReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (standing_ == Standing::kRefuted || (!messages_ && !begin(direction, bytes, message_start))) return;
    const bool was_in_step = messages_->is_in_step(direction);
    messages_->on_bytes(direction, bytes, message_start, stamp);
    if (!is_confirmed()) judge(direction, was_in_step);
}

void LateReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (!messages_) return;
    const bool was_in_step = messages_->is_in_step(direction);
    messages_->on_gap(direction, length, stamp);
    if (!is_confirmed() && was_in_step && !messages_->is_in_step(direction)) forget();
}

void LateReader::on_close(CloseReason reason, MonotonicTime time) {
    if (is_confirmed()) messages_->on_close(reason, time);
}

void LateReader::on_session_end(MonotonicTime) {
    if (is_confirmed()) messages_->on_session_end();
}

// Who sends masked frames is the client.
bool LateReader::begin(Direction direction, std::string_view bytes, bool message_start) {
    constexpr std::uint8_t kMasked = 0x80;
    if (!message_start || bytes.size() < 2 || (static_cast<std::uint8_t>(bytes[1]) & kMasked) == 0) return false;
    const Role role = direction == Direction::kReceived ? Role::kServer : Role::kClient;
    ReaderContext context = context_;
    held_.start(context_.sink);
    context.sink = &held_;
    from_client_ = direction;
    messages_ = std::make_unique<MessageReader>(context, role, kUnknownTarget);
    messages_->begin_late();
    return true;
}

void LateReader::judge(Direction direction, bool was_in_step) {
    if (held_.is_full()) {
        standing_ = Standing::kRefuted;
        return;
    }
    if (!messages_->is_in_step(direction)) {
        const bool broken = was_in_step || held_.has_lost() || direction == from_client_ || ++strikes_ > kStrikesMost;
        if (broken) standing_ = Standing::kRefuted;
        return;
    }
    if (!messages_->is_between_frames(direction) || ++proofs_ < kProofs) return;
    standing_ = Standing::kConfirmed;
    held_.release();
}

void LateReader::forget() {
    messages_.reset();
    held_.start(context_.sink);
    proofs_ = 0;
}

}  // namespace footfall::websocket
