// For readers of protocols of which resumed_order.h keeps the order: the two streams of one connection, as far as it does
// not matter what their commands are. It finds out which of them carries the requests, cuts both into messages, finds its
// feet again after late attach and gaps, and takes a guess back that was wrong. What a message means is the reader's.
//
// It is pulled: after begin(), next() tells the messages in given bytes one by one, and skip() those that bytes which passed
// unseen complete; until kNothing, which also hands out what has been answered.
//
// Roles. A connection known from its start begins with a request. One that is older is a guess: a message that begins with a
// command that is known is a request. (It begins with a line, behind the end of another one: what stands in the middle of a
// line, or of a value, is none. It may come in pieces.) The reader confirms it, or starts over; kStrikesMost messages that
// fit no guess, or what breaks the rules on a connection known from its start, refute it.
//
// What a gap does (bytes that passed unseen; those inside of a string are skipped by its length, and do nothing):
// - In requests: at least one is lost. Those that waited before it are answered still; then the order is lost.
// - In replies: all that wait are lost, and the order is lost.
// - But where it is a long message of replies of which only both ends were captured, all that wait are used as soon as the
//   next request comes, and end with the last byte before it: the first as what its reply began with, the others with an
//   unknown outcome. From there on the order is assumed.
// - Replies that belong to none, while the order is lost, are lost commands themselves, less those that were counted so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/framing/side.h"
#include "agent/protocols/pairing/resumed_order.h"
#include "agent/protocols/protocol.h"

namespace footfall {

// Protocol:
//   Framer                  cuts one stream into messages, as redis/resp_framer.h does
//   kKind                   of its uses
//   kEnds                   the command that is answered by the end of the connection; empty if none is
//   begins_request(bytes)   whether a message begins so, with a command that is known
//   begins_reply(bytes)
//   is_no_request(bytes)    no connection begins so
//   may_go_on(bytes)        they are too few to tell how a message begins
//   begins_anywhere(bytes)  a message that begins so need not stand behind the end of a line
template <typename Protocol>
class CommandStreams {
public:
    using Framer = typename Protocol::Framer;

    enum class Came : std::uint8_t {
        kNothing,   // everything was consumed
        kRequest,   // a whole one: requests() tells it
        kReply,     // likewise
        kCutReply,  // skip() only: (more of) a long message of replies was not captured. Answer: cut_replies(), start_over()
    };

    // Forgets everything and begins with another connection.
    void restart(const ReaderContext& context);

    // A call with bytes. False: they are not looked at.
    [[nodiscard]] bool begin(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp);
    Came next(Direction direction, std::string_view& bytes, const Stamp& stamp);
    Came skip(Direction direction, std::uint64_t& length, const Stamp& stamp);
    void on_end_of_stream(Direction direction, const Stamp& stamp);
    // No reason: the session ends, not the connection.
    void end(std::optional<CloseReason> reason, MonotonicTime time);

    // The request has come. Null unless it waits.
    PendingCommand* ask(std::string_view method, const SeenMessage& request);
    // One that nothing answers.
    void use_unanswered(std::string_view method, const SeenMessage& request);
    // All that wait are being answered by what is not captured, of which reply is the begin; none: that is nothing they get.
    void cut_replies(const std::optional<SeenMessage>& reply);

    // The connection speaks the protocol.
    void confirm() { standing_ = Standing::kConfirmed; }
    // It speaks another one, which is sure.
    void refute() {
        start_over();
        standing_ = Standing::kRefuted;
    }
    // Nothing that was believed of it holds.
    void start_over();
    // Nothing that follows is looked at.
    void stop() { over_ = true; }

    [[nodiscard]] Standing standing() const { return standing_; }
    [[nodiscard]] bool is_confirmed() const { return standing_ == Standing::kConfirmed; }
    [[nodiscard]] bool is_late() const { return late_; }  // the streams began before footfall did
    [[nodiscard]] bool knows_roles() const { return requests_.has_value(); }
    [[nodiscard]] bool is_reply(Direction direction) const { return requests_ && *requests_ != direction; }

    ResumedOrder& order() { return order_; }
    [[nodiscard]] const ResumedOrder& order() const { return order_; }
    // Once roles are known.
    Framer& requests() { return framer(*requests_); }
    Framer& replies() { return framer(opposite(*requests_)); }

private:
    using Step = typename Framer::Step;

    static constexpr std::uint8_t kStrikesMost = 32;

    static Direction opposite(Direction direction) {
        return direction == Direction::kReceived ? Direction::kSent : Direction::kReceived;
    }
    static LostReason reason_of(Step step) { return step == Step::kGap ? LostReason::kGap : LostReason::kUnparsable; }
    Framer& framer(Direction direction) { return framers_[static_cast<std::size_t>(direction)]; }
    [[nodiscard]] bool is_read() const { return !over_ && standing_ != Standing::kRefuted; }

    // What may be the start of a message, and is too short to tell.
    struct Held {
        std::string text;
        Stamp begin;
    };
    enum class Start : std::uint8_t { kFound, kGoesOn, kNone };

    static constexpr std::size_t kHeldMost = 512;

    std::unique_ptr<Held>& held(Direction direction) { return held_[static_cast<std::size_t>(direction)]; }
    bool& in_line(Direction direction) { return in_line_[static_cast<std::size_t>(direction)]; }
    [[nodiscard]] bool is_at_home(Direction direction);
    [[nodiscard]] bool may_begin(Direction direction, std::string_view bytes);
    void find_feet(Direction direction, std::string_view bytes, const Stamp& stamp);
    Start look_at_start(Direction direction, std::string_view bytes);
    Start begin_first(Direction direction);
    Start begin_replies();
    Start begin_requests(Direction direction);
    void read_held(Direction direction, const Held& before);
    void fix_roles(Direction requests);
    void begin_late(Direction direction);
    Came take_message(Direction direction);
    void end_call(Direction direction, std::uint64_t unread) {
        order_.deliver();
        if (replies_cut_ && is_reply(direction)) order_.waiting()->response_bytes += unread;
    }
    void give_up(Direction direction, LostReason reason);
    [[nodiscard]] bool cuts_replies(Direction direction, const Stamp& stamp);
    void finish_cut_replies();
    void forget();
    void strike();
    void strike_unless_known() {
        if (!requests_) strike();
    }

    ReaderContext context_;
    std::array<Framer, 2> framers_;     // by direction
    std::array<bool, 2> bytes_seen_{};  // by direction
    std::array<bool, 2> in_line_{};     // by direction: its latest byte was not the end of a line
    std::array<std::unique_ptr<Held>, 2> held_;
    std::optional<Direction> requests_;  // which direction carries them
    ResumedOrder order_;
    Standing standing_ = Standing::kGuessed;
    std::uint8_t strikes_ = 0;  // messages that fit no guess
    bool late_ = false;
    bool replies_cut_ = false;  // those waiting are being answered by what is not captured
    bool over_ = false;
    MonotonicTime reply_last_;  // when the last byte of a reply came
};

template <typename Protocol>
void CommandStreams<Protocol>::restart(const ReaderContext& context) {
    context_ = context;
    bytes_seen_ = in_line_ = {};
    held_ = {};
    standing_ = Standing::kGuessed;
    strikes_ = 0;
    over_ = false;
    late_ = context.opened_before;
    forget();
}

template <typename Protocol>
bool CommandStreams<Protocol>::begin(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (!is_read()) return false;
    bytes_seen_[static_cast<std::size_t>(direction)] = true;
    if (message_start && requests_ == direction) order_.on_request_start();
    if (message_start && !is_at_home(direction)) [[unlikely]]
        find_feet(direction, bytes, stamp);
    in_line(direction) = bytes.back() != '\n';
    if (is_reply(direction)) reply_last_ = stamp.time;
    return true;
}

template <typename Protocol>
auto CommandStreams<Protocol>::next(Direction direction, std::string_view& bytes, const Stamp& stamp) -> Came {
    Framer& stream = framer(direction);
    while (!bytes.empty() && stream.in_step() && !over_) {
        const Step step = stream.advance(bytes, stamp);
        if (step == Step::kMessage) return take_message(direction);
        if (step != Step::kMore) give_up(direction, reason_of(step));
    }
    end_call(direction, bytes.size());
    return Came::kNothing;
}

template <typename Protocol>
auto CommandStreams<Protocol>::skip(Direction direction, std::uint64_t& length, const Stamp& stamp) -> Came {
    if (!is_read()) return Came::kNothing;
    in_line(direction) = false;  // for all that is known
    held(direction).reset();
    if (!bytes_seen_[static_cast<std::size_t>(direction)]) {
        begin_late(direction);
        return Came::kNothing;
    }
    Framer& stream = framer(direction);
    while (length > 0 && stream.in_step() && !over_) {
        const std::uint64_t before = length;
        const Step step = stream.skip(length, stamp);
        if (step == Step::kMessage) return take_message(direction);
        if (step == Step::kGap && cuts_replies(direction, stamp)) {
            length = before;
            return Came::kCutReply;
        }
        if (step != Step::kMore) give_up(direction, reason_of(step));
    }
    end_call(direction, length);
    return Came::kNothing;
}

template <typename Protocol>
auto CommandStreams<Protocol>::take_message(Direction direction) -> Came {
    if (is_reply(direction)) return Came::kReply;
    if (replies_cut_) finish_cut_replies();
    return Came::kRequest;
}

template <typename Protocol>
void CommandStreams<Protocol>::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (over_ || !is_reply(direction)) return;
    end(CloseReason::kPeer, stamp.time);
    if (requests_) replies().lose();
}

template <typename Protocol>
void CommandStreams<Protocol>::end(std::optional<CloseReason> reason, MonotonicTime time) {
    if (!is_confirmed()) return start_over();
    if (replies_cut_ && reason) finish_cut_replies();
    replies_cut_ = false;
    order_.end(reason, time, Protocol::kEnds);
}

template <typename Protocol>
PendingCommand* CommandStreams<Protocol>::ask(std::string_view method, const SeenMessage& request) {
    switch (order_.ask(method, request)) {
        case ResumedOrder::Asked::kWaits:
            return &order_.latest();
        case ResumedOrder::Asked::kTooMany:
            if (!is_confirmed()) start_over();
            return nullptr;
        case ResumedOrder::Asked::kUsed:
        case ResumedOrder::Asked::kLost:
            return nullptr;
    }
    __builtin_unreachable();
}

template <typename Protocol>
void CommandStreams<Protocol>::use_unanswered(std::string_view method, const SeenMessage& request) {
    if (is_confirmed()) order_.use_unanswered(method, request);
}

// --- finding one's feet ---------------------------------------------------------------------------------------------

// Nothing is to be found in a call with bytes of that stream.
template <typename Protocol>
bool CommandStreams<Protocol>::is_at_home(Direction direction) {
    if (!requests_) return false;
    if (is_reply(direction)) return replies_cut_ || replies().in_step();
    return requests().in_step() && !order_.is_lost();
}

template <typename Protocol>
bool CommandStreams<Protocol>::may_begin(Direction direction, std::string_view bytes) {
    if (requests_ && framer(direction).in_step()) return framer(direction).between();
    return !in_line(direction) || Protocol::begins_anywhere(bytes);
}

template <typename Protocol>
void CommandStreams<Protocol>::find_feet(Direction direction, std::string_view bytes, const Stamp& stamp) {
    const std::unique_ptr<Held> before = std::move(held(direction));
    if (!before && !may_begin(direction, bytes)) {
        if (bytes.size() >= kHeldMost) strike_unless_known();
        return;
    }
    const std::string joined = before ? before->text + std::string(bytes.substr(0, kHeldMost)) : std::string{};
    const std::string_view start = before ? joined : bytes;
    switch (look_at_start(direction, start)) {
        case Start::kFound:
            if (before && framer(direction).between()) read_held(direction, *before);
            return;
        case Start::kGoesOn:
            held(direction) = std::make_unique<Held>(Held{std::string(start), before ? before->begin : stamp});
            return;
        case Start::kNone:
            return strike_unless_known();
    }
    __builtin_unreachable();
}

template <typename Protocol>
auto CommandStreams<Protocol>::look_at_start(Direction direction, std::string_view bytes) -> Start {
    if (!requests_ && !late_) {
        if (!Protocol::is_no_request(bytes)) return begin_first(direction);
        order_.begin_late();
        late_ = true;
    }
    if (is_reply(direction)) {
        if (Protocol::begins_reply(bytes)) return begin_replies();
    } else if (Protocol::begins_request(bytes)) {
        return begin_requests(direction);
    }
    if (bytes.size() < kHeldMost && Protocol::may_go_on(bytes)) return Start::kGoesOn;
    return Protocol::begins_reply(bytes) ? Start::kFound : Start::kNone;
}

template <typename Protocol>
auto CommandStreams<Protocol>::begin_first(Direction direction) -> Start {
    fix_roles(direction);
    requests().start(Side::kRequests);
    replies().start(Side::kReplies);
    return Start::kFound;
}

template <typename Protocol>
auto CommandStreams<Protocol>::begin_replies() -> Start {
    replies().start(Side::kReplies);
    return Start::kFound;
}

template <typename Protocol>
auto CommandStreams<Protocol>::begin_requests(Direction direction) -> Start {
    if (!requests_) fix_roles(direction);
    const bool answered = order_.empty() && (!replies().in_step() || replies().between());
    if (order_.is_lost() && answered) order_.assume();
    if (!requests().in_step()) requests().start(Side::kRequests);
    return Start::kFound;
}

// What was held is less than a message.
template <typename Protocol>
void CommandStreams<Protocol>::read_held(Direction direction, const Held& before) {
    std::string_view bytes = before.text;
    const Step step = framer(direction).advance(bytes, before.begin);
    if (step != Step::kMore) give_up(direction, reason_of(step));
}

template <typename Protocol>
void CommandStreams<Protocol>::fix_roles(Direction requests) {
    requests_ = requests;
    order_.set_role(requests == Direction::kReceived ? Role::kServer : Role::kClient);
}

// Bytes passed before the first one that was seen: a Unix socket that is older than footfall, or an event was lost.
template <typename Protocol>
void CommandStreams<Protocol>::begin_late(Direction direction) {
    late_ = true;
    order_.begin_late();
    framer(direction).lose();
    if (requests_) give_up(direction, LostReason::kGap);
}

// --- gaps and garbage -----------------------------------------------------------------------------------------------

// A stream's present message can't be read on.
template <typename Protocol>
void CommandStreams<Protocol>::give_up(Direction direction, LostReason reason) {
    if (!is_confirmed()) return !late_ && reason == LostReason::kUnparsable ? refute() : start_over();
    if (is_reply(direction)) return order_.waiting() != nullptr ? order_.lose_waiting(reason) : void();
    if (replies_cut_) finish_cut_replies();
    order_.lose_request(reason);
}

// Unseen bytes of a message that was seen: its time is right.
template <typename Protocol>
bool CommandStreams<Protocol>::cuts_replies(Direction direction, const Stamp& stamp) {
    return is_reply(direction) && reply_last_ == stamp.time && order_.waiting() != nullptr;
}

template <typename Protocol>
void CommandStreams<Protocol>::cut_replies(const std::optional<SeenMessage>& reply) {
    order_.deliver();
    PendingCommand& command = *order_.waiting();
    replies_cut_ = true;
    command.unknown = !reply;
    if (reply) ResumedOrder::take_reply(command, *reply);
}

template <typename Protocol>
void CommandStreams<Protocol>::finish_cut_replies() {
    replies_cut_ = false;
    order_.answer_unseen(reply_last_);
}

template <typename Protocol>
void CommandStreams<Protocol>::start_over() {
    late_ = true;
    forget();
    strike();
}

template <typename Protocol>
void CommandStreams<Protocol>::forget() {
    order_.restart(context_, Protocol::kKind, late_);
    requests_.reset();
    for (Framer& stream : framers_) stream.lose();
    replies_cut_ = false;
}

template <typename Protocol>
void CommandStreams<Protocol>::strike() {
    if (!is_confirmed() && ++strikes_ >= kStrikesMost) standing_ = Standing::kRefuted;
}

}  // namespace footfall
