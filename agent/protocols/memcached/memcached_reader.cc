#include "agent/protocols/memcached/memcached_reader.h"

#include <memory>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kMemcached>(const ReaderContext& context) {
    return std::make_unique<memcached::MemcachedReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kMemcached>() {
    return {
        .title = "memcached",
        .versions = "text, meta commands, binary",
        .roles = "server, client",
        .named = "command; binary ones as in text, quiet ones as the others",
        .outcome =
            "`ERROR`, `CLIENT_ERROR`, `SERVER_ERROR`, name of the binary status; a miss is none. `closed`, `reset`, "
            "`timeout`",
        .not_read = "what follows `watch`; UDP",
    };
}

}  // namespace footfall

namespace footfall::memcached {
namespace {

constexpr std::uint8_t kStrikesMost = 32;

Direction opposite(Direction direction) {
    return direction == Direction::kReceived ? Direction::kSent : Direction::kReceived;
}

// A pending command's note: its family, what it keeps quiet, whether its tag counts.
std::uint32_t note_of(const Request& request) {
    return request.family | static_cast<std::uint32_t>(request.quiet) << 16U | (request.tagged ? 1U << 24U : 0U);
}

bool is_quiet_about(Quiet quiet, Result result) {
    switch (quiet) {
        case Quiet::kNever:
            return false;
        case Quiet::kMiss:
            return result == Result::kMiss;
        case Quiet::kDone:
            return result == Result::kDone;
    }
    __builtin_unreachable();
}

bool fits(const PendingCommand& command, const Reply& reply) {
    const auto family = static_cast<std::uint16_t>(command.note & 0xffffU);
    if ((family & reply.families) == 0) return false;
    const bool tagged = (command.note >> 24U) != 0;
    if (reply.tagged && (!tagged || command.tag != reply.tag)) return false;
    return !is_quiet_about(static_cast<Quiet>(command.note >> 16U & 0xffU), reply.result);
}

}  // namespace

void MemcachedReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (over_ || standing_ == Standing::kRefuted) return;
    bytes_seen_[static_cast<std::size_t>(direction)] = true;
    if (message_start) find_feet(direction, bytes);
    if (is_reply(direction)) reply_last_ = stamp.time;
    MessageFramer& stream = framer(direction);
    while (!bytes.empty() && stream.in_step() && !over_) take(direction, stream.advance(bytes, stamp));
    order_.deliver();
    if (replies_cut_ && is_reply(direction)) order_.waiting()->response_bytes += bytes.size();
}

void MemcachedReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (over_ || standing_ == Standing::kRefuted) return;
    MessageFramer& stream = framer(direction);
    if (!bytes_seen_[static_cast<std::size_t>(direction)]) {
        // Bytes passed before: a Unix socket that is older than footfall, or an event was lost.
        late_ = true;
        order_.begin_late();
        stream.lose();
        if (requests_) give_up(direction, LostReason::kGap);
        return;
    }
    // Unseen bytes of a message that was seen: its time is right.
    const bool in_message = is_reply(direction) && reply_last_ == stamp.time;
    while (length > 0 && stream.in_step() && !over_) {
        const std::uint64_t before = length;
        const Step step = stream.skip(length, stamp);
        if (step == Step::kGap && in_message && may_cut()) return cut_replies(before);
        take(direction, step);
    }
    order_.deliver();
    if (replies_cut_ && is_reply(direction)) order_.waiting()->response_bytes += length;
}

void MemcachedReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (over_ || !is_reply(direction)) return;
    end(CloseReason::kPeer, stamp.time);
    if (requests_) reply_framer().lose();
}

void MemcachedReader::on_close(CloseReason reason, MonotonicTime time) { end(reason, time); }

void MemcachedReader::on_session_end(MonotonicTime time) { end(std::nullopt, time); }

void MemcachedReader::restart(const ReaderContext& context) {
    context_ = context;
    bytes_seen_ = {};
    standing_ = Standing::kGuessed;
    over_ = false;
    start_over();
    strikes_ = 0;
    late_ = context.opened_before;
    order_.restart(context_, Kind::kMemcached, late_);
}

// --- finding one's feet ---------------------------------------------------------------------------------------------

void MemcachedReader::find_feet(Direction direction, std::string_view bytes) {
    if (!requests_) find_roles(direction, bytes);
    if (!requests_) return;
    if (is_request(direction)) return begin_request_message(bytes);
    MessageFramer& replies = reply_framer();
    if (!replies.in_step() && !replies_cut_ && begins_with_reply(bytes)) replies.start(Side::kReplies);
}

void MemcachedReader::find_roles(Direction direction, std::string_view bytes) {
    const bool is_reply = begins_with_reply(bytes);
    if (late_ || is_reply) {
        if (!late_) order_.begin_late();
        late_ = true;
        if (is_reply) return;
        if (!begins_with_request(bytes)) return strike();
    }
    requests_ = direction;
    order_.set_role(direction == Direction::kReceived ? Role::kServer : Role::kClient);
    if (late_) return;
    framer(direction).start(Side::kRequests);
    framer(opposite(direction)).start(Side::kReplies);
}

void MemcachedReader::begin_request_message(std::string_view bytes) {
    order_.on_request_start();
    MessageFramer& requests = request_framer();
    if ((!order_.is_lost() && requests.in_step()) || !begins_with_request(bytes)) return;
    const bool between = !requests.in_step() || requests.between();
    const bool answered = order_.empty() && (!reply_framer().in_step() || reply_framer().between());
    if (order_.is_lost() && between && answered) order_.assume();
    if (!requests.in_step()) requests.start(Side::kRequests);
}

void MemcachedReader::take(Direction direction, Step step) {
    switch (step) {
        case Step::kMore:
            return;
        case Step::kMessage:
            return is_request(direction) ? on_request() : on_reply();
        case Step::kBroken:
            return give_up(direction, LostReason::kUnparsable);
        case Step::kGap:
            return give_up(direction, LostReason::kGap);
    }
}

// --- requests and replies -------------------------------------------------------------------------------------------

void MemcachedReader::on_request() {
    const Request& request = request_framer().request();
    const SeenMessage& message = request_framer().message();
    if (!late_ && request.family == kStore && request.has_data) standing_ = Standing::kConfirmed;
    if (replies_cut_) finish_cut_replies();
    if (request.unanswered) {
        if (is_confirmed()) order_.use_unanswered(request.name, message);
        return;
    }
    switch (order_.ask(request.name, message)) {
        case ResumedOrder::Asked::kWaits:
            order_.latest().tag = request.tag;
            order_.latest().note = note_of(request);
            order_.latest().quiet = request.quiet != Quiet::kNever;
            return;
        case ResumedOrder::Asked::kTooMany:
            return is_confirmed() ? void() : start_over();
        case ResumedOrder::Asked::kUsed:
        case ResumedOrder::Asked::kLost:
            return;
    }
}

void MemcachedReader::on_reply() {
    const Reply& reply = reply_framer().reply();
    if (order_.waiting() == nullptr) {
        if (!is_confirmed()) return start_over();
        order_.on_unasked_reply(reply_framer().message(), reply.error);
        return;
    }
    const std::optional<std::size_t> place = place_of(reply);
    if (!place) return disprove();
    // Other servers delete as well, and say so in the same words.
    if (late_ && !is_confirmed() && (order_.waiting(*place)->note & kDelete) != 0) return start_over();
    standing_ = Standing::kConfirmed;
    answer(*place);
}

// Which of those that wait it answers: quiet ones in front of it had nothing to say.
std::optional<std::size_t> MemcachedReader::place_of(const Reply& reply) {
    for (std::size_t place = 0;; ++place) {
        const PendingCommand* command = order_.waiting(place);
        if (command == nullptr) return std::nullopt;
        if (fits(*command, reply)) return place;
        if (!command->quiet) return std::nullopt;
    }
}

void MemcachedReader::answer(std::size_t place) {
    const SeenMessage& message = reply_framer().message();
    for (; place > 0; --place) {
        order_.waiting()->end = message.begin.time;
        order_.settle();
    }
    PendingCommand& command = *order_.waiting();
    const bool watches = command.method == "watch";
    const std::string_view error = reply_framer().reply().error;
    ResumedOrder::take_reply(command, message);
    if (!error.empty()) command.fail(error);
    order_.settle();
    if (watches && error.empty()) over_ = true;
}

// A reply fits nothing that waits.
void MemcachedReader::disprove() {
    if (!is_confirmed()) return start_over();
    order_.lose_waiting(late_ ? LostReason::kBeganBefore : LostReason::kUnparsable);
}

void MemcachedReader::end(std::optional<CloseReason> reason, MonotonicTime time) {
    if (!is_confirmed()) return start_over();
    if (replies_cut_ && reason) finish_cut_replies();
    replies_cut_ = false;
    order_.end(reason, time);
}

// --- gaps and garbage -----------------------------------------------------------------------------------------------

// A stream's present message can't be read on.
void MemcachedReader::give_up(Direction direction, LostReason reason) {
    if (!is_confirmed()) {
        const bool refuted = !late_ && reason == LostReason::kUnparsable;
        start_over();
        if (refuted) standing_ = Standing::kRefuted;
        return;
    }
    framer(direction).lose();
    if (is_request(direction)) {
        if (replies_cut_) finish_cut_replies();
        return order_.lose_request(reason);
    }
    if (order_.waiting() != nullptr) order_.lose_waiting(reason);
}

bool MemcachedReader::begins_to_answer() {
    return order_.waiting() != nullptr && reply_framer().in_reply() && fits(*order_.waiting(), reply_framer().reply());
}

bool MemcachedReader::may_cut() { return order_.waiting() != nullptr && (is_confirmed() || begins_to_answer()); }

void MemcachedReader::cut_replies(std::uint64_t unseen) {
    order_.deliver();
    PendingCommand& command = *order_.waiting();
    replies_cut_ = true;
    standing_ = Standing::kConfirmed;
    command.unknown = !begins_to_answer();
    if (!command.unknown) ResumedOrder::take_reply(command, reply_framer().message());
    command.response_bytes += unseen;
}

void MemcachedReader::finish_cut_replies() {
    replies_cut_ = false;
    order_.answer_unseen(reply_last_);
}

// Nothing that was believed of the connection holds.
void MemcachedReader::start_over() {
    order_.restart(context_, Kind::kMemcached, true);
    requests_.reset();
    for (MessageFramer& stream : framers_) stream.lose();
    late_ = true;
    replies_cut_ = false;
    strike();
}

void MemcachedReader::strike() {
    if (!is_confirmed() && ++strikes_ >= kStrikesMost) standing_ = Standing::kRefuted;
}

MessageFramer& MemcachedReader::reply_framer() { return framer(opposite(*requests_)); }

}  // namespace footfall::memcached
