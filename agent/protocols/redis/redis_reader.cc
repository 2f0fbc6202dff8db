#include "agent/protocols/redis/redis_reader.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kRedis>(const ReaderContext& context) {
    return std::make_unique<redis::RedisReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kRedis>() {
    return {
        .title = "Redis",
        .versions = "RESP2, RESP3, inline commands",
        .roles = "server, client",
        .named = "command, with its subcommand; what is not among Redis 7's: `_OTHER`",
        .outcome = "first word of the error; `closed`, `reset`, `timeout`",
        .not_read = "pushed messages, MONITOR's lines and what follows PSYNC: no uses; what scripts call",
    };
}

}  // namespace footfall

namespace footfall::redis {
namespace {

constexpr Command kClientReply = named("CLIENT REPLY");
constexpr Command kMonitor = named("MONITOR");
constexpr Command kPing = named("PING");
constexpr Command kPsync = named("PSYNC");
constexpr Command kReplconf = named("REPLCONF");
constexpr Command kReset = named("RESET");
constexpr Command kSync = named("SYNC");

constexpr std::string_view kReplyStarts = "+-:$_,(#!=>%~|";

Direction opposite(Direction direction) {
    return direction == Direction::kReceived ? Direction::kSent : Direction::kReceived;
}

bool is_word(std::string_view text, std::string_view upper) {
    return std::equal(text.begin(), text.end(), upper.begin(), upper.end(),
                      [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

// The second word of a request, where it is worth a look.
std::string_view second_word(const RespFramer& request) {
    return request.count() > 1 && request.is_whole(1) ? request.word(1) : std::string_view{};
}

Command command_in(const RespFramer& message) {
    return message.is_whole(0) ? command_of(message.word(0), second_word(message)) : kOtherCommand;
}

bool is_acknowledgement(const RespFramer& request) {
    return command_in(request) == kReplconf && is_word(second_word(request), "ACK");
}

bool is_error(const RespFramer& reply) { return reply.type() == '-' || reply.type() == '!'; }

// The first word of an error, where it is made as Redis makes them.
std::string_view error_of(const RespFramer& reply) {
    const std::string_view text = reply.word(0);
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    const bool whole = end != std::string_view::npos || reply.is_whole(0);
    const auto is_usual = [](char byte) {
        return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
    };
    return whole && !word.empty() && std::all_of(word.begin(), word.end(), is_usual) ? word : "_OTHER";
}

SeenMessage seen(const RespFramer& message) { return {message.begin(), message.last(), message.bytes()}; }

// The reader keeps a command in the tag of what waits.
Command command_of(const PendingCommand& open) { return Command{static_cast<std::uint16_t>(open.tag)}; }

bool is_of_channels(Command command) { return is_subscription(command) || is_unsubscription(command); }

}  // namespace

void RedisReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (over_ || standing_ == Standing::kRefuted) return;
    bytes_seen_[static_cast<std::size_t>(direction)] = true;
    if (message_start) find_feet(direction, bytes);
    RespFramer& stream = framer(direction);
    if (requests_ && !is_request(direction)) {
        reply_last_ = stamp.time;
        if (replicates(bytes, stamp)) return;
    }
    while (!bytes.empty() && stream.in_step() && !over_) take(direction, stream.advance(bytes, stamp));
    order_.deliver();
    if (replies_cut_ && !is_request(direction)) order_.waiting()->response_bytes += bytes.size();
}

void RedisReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (over_ || standing_ == Standing::kRefuted) return;
    if (!bytes_seen_[static_cast<std::size_t>(direction)]) return on_late_stream(direction);
    RespFramer& stream = framer(direction);
    const bool replies = requests_ && !is_request(direction);
    // Unseen bytes of a message that was seen: its time is right.
    const bool in_message = replies && reply_last_ == stamp.time;
    while (length > 0 && stream.in_step() && !over_) {
        const std::uint64_t before = length;
        const Step step = stream.skip(length, stamp);
        if (step == Step::kGap && in_message && is_confirmed() && order_.waiting() != nullptr) return cut_replies(before);
        take(direction, step);
    }
    order_.deliver();
    if (replies_cut_ && replies) order_.waiting()->response_bytes += length;
}

// Bytes passed before the first one that was seen: a Unix socket that is older than footfall, or an event was lost.
void RedisReader::on_late_stream(Direction direction) {
    late_ = true;
    framer(direction).lose();
    if (requests_) return give_up(direction, LostReason::kGap);
    order_.begin_late();
}

void RedisReader::restart(const ReaderContext& context) {
    context_ = context;
    bytes_seen_ = {};
    standing_ = Standing::kGuessed;
    over_ = false;
    strikes_ = 0;
    start_over();
    strikes_ = 0;
    late_ = context.opened_before;
    order_.restart(context_, Kind::kRedis, late_);
}

// --- finding one's feet ---------------------------------------------------------------------------------------------

void RedisReader::find_feet(Direction direction, std::string_view bytes) {
    if (!requests_) find_roles(direction, bytes);
    if (!requests_) return;
    is_request(direction) ? begin_request_message(bytes) : begin_reply_message(bytes);
}

void RedisReader::find_roles(Direction direction, std::string_view bytes) {
    const bool replies = kReplyStarts.find(bytes.front()) != std::string_view::npos;
    if (!late_ && !replies) {
        fix_roles(direction);
        framer(direction).start(Side::kRequests);
        framer(opposite(direction)).start(Side::kReplies);
        return;
    }
    if (!late_) order_.begin_late();
    late_ = true;
    if (begins_with_known_command(bytes)) return fix_roles(direction);
    if (!begins_with_reply(bytes)) strike();
}

void RedisReader::fix_roles(Direction requests) {
    requests_ = requests;
    order_.set_role(requests == Direction::kReceived ? Role::kServer : Role::kClient);
}

void RedisReader::begin_request_message(std::string_view bytes) {
    order_.on_request_start();
    RespFramer& requests = request_framer();
    if ((!order_.is_lost() && requests.in_step()) || !begins_with_known_command(bytes)) return;
    const bool between = !requests.in_step() || requests.between();
    const bool answered = order_.empty() && (!reply_framer().in_step() || reply_framer().between());
    if (order_.is_lost() && between && answered) order_.assume();
    if (!requests.in_step()) requests.start(Side::kRequests);
}

void RedisReader::begin_reply_message(std::string_view bytes) {
    if (!reply_framer().in_step() && !replies_cut_ && begins_with_reply(bytes)) reply_framer().start(Side::kReplies);
}

// --- requests -------------------------------------------------------------------------------------------------------

void RedisReader::take(Direction direction, Step step) {
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

void RedisReader::on_request() {
    const RespFramer& request = request_framer();
    if (late_ && !is_confirmed() && is_acknowledgement(request)) return stop_reading();
    const Command command = command_in(request);
    if (!late_ && command != kOtherCommand && request.type() != RespFramer::kInline) standing_ = Standing::kConfirmed;
    ask(command);
}

void RedisReader::ask(Command command) {
    const RespFramer& request = request_framer();
    if (replies_cut_) finish_cut_replies();
    if (!order_.is_lost() && expects_no_reply(command)) {
        if (is_confirmed()) order_.use_unanswered(name_of(command), seen(request));
        return;
    }
    switch (order_.ask(name_of(command), seen(request))) {
        case ResumedOrder::Asked::kWaits:
            order_.latest().tag = static_cast<std::uint32_t>(command);
            if (is_of_channels(command)) order_.latest().note = static_cast<std::uint32_t>(request.count() - 1);
            return;
        case ResumedOrder::Asked::kTooMany:
            return is_confirmed() ? void() : start_over();
        case ResumedOrder::Asked::kUsed:
        case ResumedOrder::Asked::kLost:
            return;
    }
}

bool RedisReader::expects_no_reply(Command command) {
    if (command != kClientReply) return std::exchange(skip_next_, false) || replies_off_;
    const std::string_view mode = request_framer().count() > 2 ? request_framer().word(2) : std::string_view{};
    if (is_word(mode, "OFF")) replies_off_ = true;
    if (is_word(mode, "ON")) replies_off_ = false;
    skip_next_ = is_word(mode, "SKIP");
    return replies_off_ || skip_next_;
}

// --- replies --------------------------------------------------------------------------------------------------------

void RedisReader::on_reply() {
    const RespFramer& reply = reply_framer();
    if (reply.type() == '|') return;
    if (!is_confirmed() && may_be_request(reply)) return is_acknowledgement(reply) ? stop_reading() : start_over();
    if (is_pushed(reply)) return on_pushed();
    PendingCommand* open = order_.waiting();
    open != nullptr ? answer(*open) : on_unasked_reply();
}

bool RedisReader::may_be_request(const RespFramer& reply) const {
    return reply.type() == '*' && reply.count() > 0 && command_in(reply) != kOtherCommand;
}

bool RedisReader::is_pushed(const RespFramer& reply) {
    if (reply.type() == '>') return true;
    if (reply.type() == '+')
        return monitors_ && !reply.word(0).empty() && reply.word(0)[0] >= '0' && reply.word(0)[0] <= '9';
    const PendingCommand* open = order_.waiting();
    const bool asked = open == nullptr || is_of_channels(command_of(*open));
    // PING is the one other command of a RESP2 connection that subscribes, and is never answered by an array elsewhere.
    if (reply.type() != '*' || !(asked || command_of(*open) == kPing || subscriptions_.any())) return false;
    const Pushed kind = pushed_kind(reply.word(0));
    if (kind == Pushed::kMessage && open == nullptr) subscriptions_.assume();
    return kind != Pushed::kOther;
}

void RedisReader::on_pushed() {
    const RespFramer& reply = reply_framer();
    PendingCommand* open = order_.waiting();
    const Pushed kind = reply.type() == '+' ? Pushed::kMessage : pushed_kind(reply.word(0));
    if (kind == Pushed::kPong && open != nullptr && command_of(*open) == kPing) return answer(*open);
    if (kind != Pushed::kConfirmation) return;
    const Command command = command_of(reply.word(0), {});
    subscriptions_.confirm(command, reply.integer());
    if (open != nullptr && command_of(*open) == command) confirm_subscription(*open);
}

// Its note: how many confirmations are still to come; 0: as many as there are channels.
void RedisReader::confirm_subscription(PendingCommand& open) {
    const bool more = open.note > 0 ? --open.note > 0 : subscriptions_.of(command_of(open)) > 0;
    more ? ResumedOrder::take_reply(open, seen(reply_framer())) : answer(open);
}

void RedisReader::answer(PendingCommand& open) {
    const Command command = command_of(open);
    const bool failed = is_error(reply_framer());
    ResumedOrder::take_reply(open, seen(reply_framer()));
    if (failed) open.fail(error_of(reply_framer()));
    standing_ = Standing::kConfirmed;
    order_.settle();
    if (failed) return;
    if (command == kMonitor) monitors_ = true;
    if (command != kReset) return;
    monitors_ = replies_off_ = false;
    subscriptions_ = {};
}

void RedisReader::on_unasked_reply() {
    const RespFramer& reply = reply_framer();
    if (!is_confirmed()) return start_over();
    if (order_.on_unasked_reply(seen(reply), is_error(reply) ? error_of(reply) : std::string_view{})) return;
    replies_off_ = false;
}

// The answer to PSYNC or SYNC, and then the stream of a replica. Until it is ready, a master sends empty lines.
bool RedisReader::replicates(std::string_view& bytes, const Stamp& stamp) {
    PendingCommand* open = order_.waiting();
    if (open == nullptr || !reply_framer().between()) return false;
    if (command_of(*open) != kPsync && command_of(*open) != kSync) return false;
    bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
    if (bytes.empty()) return true;
    if (bytes.front() == '-') return false;
    ResumedOrder::take_reply(*open, {stamp, stamp.time, bytes.substr(0, bytes.find('\n')).size() + 1});
    standing_ = Standing::kConfirmed;
    order_.settle();
    order_.on_request_start();  // nothing is asked behind it
    order_.lose_waiting(LostReason::kUnparsable);
    over_ = true;
    return true;
}

RespFramer& RedisReader::reply_framer() { return framer(opposite(*requests_)); }

}  // namespace footfall::redis
