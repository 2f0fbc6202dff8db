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

constexpr std::size_t kFastReplies = 16;  // that may overtake their requests
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

void set_error(OpenCommand& open, std::string_view word) {
    open.failed = true;
    open.error_length = static_cast<std::uint8_t>(std::min(word.size(), open.error_text.size()));
    std::copy_n(word.begin(), open.error_length, open.error_text.begin());
}

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
    if (replies_cut_ && !is_request(direction)) waiting()->response_bytes += bytes.size();
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
        if (step == Step::kGap && in_message && is_confirmed() && waiting() != nullptr) return cut_replies(before);
        take(direction, step);
    }
    if (replies_cut_ && replies) waiting()->response_bytes += length;
}

// Bytes passed before the first one that was seen: a Unix socket that is older than footfall, or an event was lost.
void RedisReader::on_late_stream(Direction direction) {
    late_ = true;
    if (!requests_) {
        order_ = Order::kLost;
        return;
    }
    framer(direction).lose();
    give_up(direction, LostReason::kGap);
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
    order_ = late_ ? Order::kLost : Order::kKnown;
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
        requests_ = direction;
        framer(direction).start(Side::kRequests);
        framer(opposite(direction)).start(Side::kReplies);
        return;
    }
    late_ = true;
    if (begins_with_known_command(bytes)) {
        requests_ = direction;
        order_ = Order::kLost;
        return;
    }
    if (!begins_with_reply(bytes)) strike();
}

void RedisReader::begin_request_message(std::string_view bytes) {
    if (order_ == Order::kAssumed && !open_.empty() && answered_ == open_.size()) prove_order();
    RespFramer& requests = request_framer();
    if ((order_ != Order::kLost && requests.in_step()) || !begins_with_known_command(bytes)) return;
    const bool between = !requests.in_step() || requests.between();
    const bool answered = open_.empty() && (!reply_framer().in_step() || reply_framer().between());
    if (order_ == Order::kLost && between && answered) assume_order();
    if (!requests.in_step()) requests.start(Side::kRequests);
}

void RedisReader::begin_reply_message(std::string_view bytes) {
    if (!reply_framer().in_step() && !replies_cut_ && begins_with_reply(bytes)) reply_framer().start(Side::kReplies);
}

void RedisReader::assume_order() {
    order_ = Order::kAssumed;
    lost_waiting_ = 0;
}

void RedisReader::prove_order() {
    hand_out_answered();
    order_ = Order::kKnown;
    late_ = false;
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
    if (replies_cut_) finish_cut_replies();
    if (order_ == Order::kLost) {
        ++lost_waiting_;
        return lose_unnamed(why_unordered());
    }
    if (expects_no_reply(command)) return use_unanswered(command);
    if (!open_.empty() && !open_.front().asked) {
        take_request(open_.front(), command);
        return hand_out_front();
    }
    if (open_.full()) return refuse_request();
    take_request(open_.push(), command);
}

// More wait than are kept. Those are answered still, and after them the order is lost.
void RedisReader::refuse_request() {
    if (!is_confirmed()) return start_over();
    lose_order(LostReason::kTooManyOpen);
}

bool RedisReader::expects_no_reply(Command command) {
    if (command != kClientReply) return std::exchange(skip_next_, false) || replies_off_;
    const std::string_view mode = request_framer().count() > 2 ? request_framer().word(2) : std::string_view{};
    if (is_word(mode, "OFF")) replies_off_ = true;
    if (is_word(mode, "ON")) replies_off_ = false;
    skip_next_ = is_word(mode, "SKIP");
    return replies_off_ || skip_next_;
}

void RedisReader::take_request(OpenCommand& open, Command command) {
    const RespFramer& request = request_framer();
    ++started_;
    open.command = command;
    open.asked = true;
    open.began = request.begin();
    open.request_bytes = request.bytes();
    const bool of_channels = is_subscription(command) || is_unsubscription(command);
    if (of_channels) open.confirmations = static_cast<std::uint32_t>(request.count() - 1);
}

void RedisReader::use_unanswered(Command command) {
    if (!is_confirmed()) return;
    OpenCommand open;
    take_request(open, command);
    open.end = request_framer().last();
    hand_out(open, Outcome::kUnknown, {});
}

// --- replies --------------------------------------------------------------------------------------------------------

void RedisReader::on_reply() {
    const RespFramer& reply = reply_framer();
    if (reply.type() == '|') return;
    if (!is_confirmed() && may_be_request(reply)) return is_acknowledgement(reply) ? stop_reading() : start_over();
    if (is_pushed(reply)) return on_pushed();
    OpenCommand* open = waiting();
    open != nullptr ? answer(*open) : on_unasked_reply();
}

bool RedisReader::may_be_request(const RespFramer& reply) const {
    return reply.type() == '*' && reply.count() > 0 && command_in(reply) != kOtherCommand;
}

bool RedisReader::is_pushed(const RespFramer& reply) {
    if (reply.type() == '>') return true;
    if (reply.type() == '+')
        return monitors_ && !reply.word(0).empty() && reply.word(0)[0] >= '0' && reply.word(0)[0] <= '9';
    const OpenCommand* open = waiting();
    const bool asked = open == nullptr || is_subscription(open->command) || is_unsubscription(open->command);
    // PING is the one other command of a RESP2 connection that subscribes, and is never answered by an array elsewhere.
    if (reply.type() != '*' || !(asked || open->command == kPing || subscriptions_.any())) return false;
    const Pushed kind = pushed_kind(reply.word(0));
    if (kind == Pushed::kMessage && open == nullptr) subscriptions_.assume();
    return kind != Pushed::kOther;
}

void RedisReader::on_pushed() {
    const RespFramer& reply = reply_framer();
    OpenCommand* open = waiting();
    const Pushed kind = reply.type() == '+' ? Pushed::kMessage : pushed_kind(reply.word(0));
    if (kind == Pushed::kPong && open != nullptr && open->command == kPing) return answer(*open);
    if (kind != Pushed::kConfirmation) return;
    const Command command = command_of(reply.word(0), {});
    subscriptions_.confirm(command, reply.integer());
    if (open != nullptr && open->command == command) confirm_subscription(*open);
}

void RedisReader::confirm_subscription(OpenCommand& open) {
    const bool more = open.confirmations > 0 ? --open.confirmations > 0 : subscriptions_.of(open.command) > 0;
    if (!more) return answer(open);
    if (!open.first_byte.seen()) open.first_byte = reply_framer().begin().time;
    open.response_bytes += reply_framer().bytes();
}

void RedisReader::answer(OpenCommand& open) {
    take_reply(open);
    const Command command = open.command;
    const bool failed = open.failed;
    standing_ = Standing::kConfirmed;
    settle();
    if (failed) return;
    if (command == kMonitor) monitors_ = true;
    if (command != kReset) return;
    monitors_ = replies_off_ = false;
    subscriptions_ = {};
}

void RedisReader::take_reply(OpenCommand& open) {
    const RespFramer& reply = reply_framer();
    if (!open.first_byte.seen()) open.first_byte = reply.begin().time;
    open.end = reply.last();
    open.response_bytes += reply.bytes();
    open.answered = true;
    if (is_error(reply)) set_error(open, error_of(reply));
}

// The oldest that waited has been answered.
void RedisReader::settle() {
    ++answered_;
    if (order_ != Order::kAssumed) return hand_out_answered();
    if (answered_ >= kProof) prove_order();
}

void RedisReader::on_unasked_reply() {
    switch (order_) {
        case Order::kKnown:
            replies_off_ = false;
            if (role() == Role::kClient && open_.size() < kFastReplies) take_reply(open_.push());
            return;
        case Order::kAssumed:
            order_ = Order::kLost;
            return is_confirmed() ? lose_all(why_unordered()) : start_over();
        case Order::kLost:
            if (lost_waiting_ == 0) return lose_unnamed(why_unordered());
            --lost_waiting_;
            return;
    }
}

// The answer to PSYNC or SYNC, and then the stream of a replica. Until it is ready, a master sends empty lines.
bool RedisReader::replicates(std::string_view& bytes, const Stamp& stamp) {
    OpenCommand* open = waiting();
    if (open == nullptr || (open->command != kPsync && open->command != kSync) || !reply_framer().between()) return false;
    bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
    if (bytes.empty()) return true;
    if (bytes.front() == '-') return false;
    open->first_byte = open->end = stamp.time;
    open->response_bytes = bytes.substr(0, bytes.find('\n')).size() + 1;
    open->answered = true;
    standing_ = Standing::kConfirmed;
    ++answered_;
    hand_out_answered();
    lose_all(LostReason::kUnparsable);
    over_ = true;
    return true;
}

RespFramer& RedisReader::reply_framer() { return framer(opposite(*requests_)); }

}  // namespace footfall::redis
