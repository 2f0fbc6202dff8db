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
        .outcome = "first word of the error; of a queued command, of its own in EXEC's answer; `closed`, `reset`, `timeout`",
        .not_read =
            "pushed messages, MONITOR's lines and what follows PSYNC: no uses; what scripts call. Inline commands that "
            "memcached has too, in lower case, when they come first: taken for that until it is found wrong. What a client "
            "asks while 131,072 commands wait",
    };
}

}  // namespace footfall

namespace footfall::redis {
namespace {

constexpr Command kClientReply = named("CLIENT REPLY");
constexpr Command kDiscard = named("DISCARD");
constexpr Command kExec = named("EXEC");
constexpr Command kMonitor = named("MONITOR");
constexpr Command kMulti = named("MULTI");
constexpr Command kPing = named("PING");
constexpr Command kPsync = named("PSYNC");
constexpr Command kReplconf = named("REPLCONF");
constexpr Command kReset = named("RESET");
constexpr Command kSync = named("SYNC");

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
std::string_view error_in(std::string_view text, bool is_whole) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    const bool whole = end != std::string_view::npos || is_whole;
    const auto is_usual = [](char byte) {
        return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
    };
    return whole && !word.empty() && std::all_of(word.begin(), word.end(), is_usual) ? word : "_OTHER";
}

std::string_view error_of(const RespFramer& reply) { return error_in(reply.word(0), reply.is_whole(0)); }

bool is_queued(const RespFramer& reply) { return reply.type() == '+' && reply.word(0) == "QUEUED"; }

SeenMessage seen(const RespFramer& message) { return {message.begin(), message.last(), message.bytes()}; }

// The reader keeps a command in the tag of what waits.
Command command_of(const PendingCommand& open) { return Command{static_cast<std::uint16_t>(open.tag)}; }

bool is_of_channels(Command command) { return is_subscription(command) || is_unsubscription(command); }

}  // namespace

void RedisReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (!streams_.knows_roles()) mode_ = {};
    if (!streams_.begin(direction, bytes, message_start, stamp)) return;
    if (streams_.is_reply(direction) && replicates(bytes, stamp)) return;
    Streams::Came came{};
    while ((came = streams_.next(direction, bytes, stamp)) != Streams::Came::kNothing) take(came);
}

void RedisReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    Streams::Came came{};
    while ((came = streams_.skip(direction, length, stamp)) != Streams::Came::kNothing) take(came);
}

void RedisReader::take(Streams::Came came) {
    switch (came) {
        case Streams::Came::kNothing:
            return;
        case Streams::Came::kRequest:
            return on_request();
        case Streams::Came::kReply:
            return on_reply();
        case Streams::Came::kCutReply:
            return on_cut_reply();
    }
}

// --- requests -------------------------------------------------------------------------------------------------------

void RedisReader::on_request() {
    const RespFramer& request = streams_.requests();
    if (streams_.is_late() && !streams_.is_confirmed() && is_acknowledgement(request)) return stop_reading();
    const Command command = command_in(request);
    const bool sure = !streams_.is_late() && command != kOtherCommand && request.type() != RespFramer::kInline;
    if (sure) streams_.confirm();
    if (!streams_.order().is_lost() && expects_no_reply(command)) {
        return streams_.use_unanswered(name_of(command), seen(request));
    }
    PendingCommand* open = streams_.ask(name_of(command), seen(request));
    if (open == nullptr) return;
    open->tag = static_cast<std::uint32_t>(command);
    if (is_of_channels(command)) open->note = static_cast<std::uint32_t>(request.count() - 1);
}

bool RedisReader::expects_no_reply(Command command) {
    if (command != kClientReply) return std::exchange(mode_.skip_next, false) || mode_.replies_off;
    const RespFramer& request = streams_.requests();
    const std::string_view how = request.count() > 2 ? request.word(2) : std::string_view{};
    if (is_word(how, "OFF")) mode_.replies_off = true;
    if (is_word(how, "ON")) mode_.replies_off = false;
    mode_.skip_next = is_word(how, "SKIP");
    return mode_.replies_off || mode_.skip_next;
}

// --- replies --------------------------------------------------------------------------------------------------------

void RedisReader::on_reply() {
    const RespFramer& reply = streams_.replies();
    if (reply.type() == '|') return;
    if (!streams_.is_confirmed() && may_be_request(reply))
        return is_acknowledgement(reply) ? stop_reading() : streams_.start_over();
    if (is_pushed(reply)) return on_pushed();
    PendingCommand* open = streams_.order().waiting();
    open != nullptr ? answer(*open) : on_unasked_reply();
}

bool RedisReader::may_be_request(const RespFramer& reply) const {
    return reply.type() == '*' && reply.count() > 0 && command_in(reply) != kOtherCommand;
}

bool RedisReader::is_pushed(const RespFramer& reply) {
    if (reply.type() == '>') return true;
    if (reply.type() == '+')
        return mode_.monitors && !reply.word(0).empty() && reply.word(0)[0] >= '0' && reply.word(0)[0] <= '9';
    const PendingCommand* open = streams_.order().waiting();
    const bool asked = open == nullptr || is_of_channels(command_of(*open));
    // PING is the one other command of a RESP2 connection that subscribes, and is never answered by an array elsewhere.
    if (reply.type() != '*' || !(asked || command_of(*open) == kPing || mode_.subscriptions.any())) return false;
    const Pushed kind = pushed_kind(reply.word(0));
    if (kind == Pushed::kMessage && open == nullptr) mode_.subscriptions.assume();
    return kind != Pushed::kOther;
}

void RedisReader::on_pushed() {
    const RespFramer& reply = streams_.replies();
    PendingCommand* open = streams_.order().waiting();
    const Pushed kind = reply.type() == '+' ? Pushed::kMessage : pushed_kind(reply.word(0));
    if (kind == Pushed::kPong && open != nullptr && command_of(*open) == kPing) return answer(*open);
    if (kind != Pushed::kConfirmation) return;
    const Command command = command_of(reply.word(0), {});
    mode_.subscriptions.confirm(command, reply.integer());
    if (open != nullptr && command_of(*open) == command) confirm_subscription(*open);
}

// Its note: how many confirmations are still to come; 0: as many as there are channels.
void RedisReader::confirm_subscription(PendingCommand& open) {
    const bool more = open.note > 0 ? --open.note > 0 : mode_.subscriptions.of(command_of(open)) > 0;
    more ? ResumedOrder::take_reply(open, seen(streams_.replies())) : answer(open);
}

void RedisReader::answer(PendingCommand& open) {
    const Command command = command_of(open);
    const bool failed = is_error(streams_.replies());
    ResumedOrder::take_reply(open, seen(streams_.replies()));
    if (failed) open.fail(error_of(streams_.replies()));
    follow_transaction(open);
    streams_.confirm();
    streams_.order().settle(mode_.in_transaction && is_queued(streams_.replies()));
    if (failed) return;
    if (command == kMonitor) mode_.monitors = true;
    if (command != kReset) return;
    mode_.monitors = mode_.replies_off = false;
    mode_.subscriptions = {};
}

void RedisReader::on_unasked_reply() {
    using Unasked = ResumedOrder::Unasked;
    const RespFramer& reply = streams_.replies();
    if (!streams_.is_confirmed()) return streams_.start_over();
    give_up_transaction();
    const std::string_view error = is_error(reply) ? error_of(reply) : std::string_view{};
    const Unasked unasked = streams_.order().on_unasked_reply(seen(reply), error);
    if (unasked == Unasked::kFast) streams_.order().latest().unknown = is_queued(reply);
    if (unasked != Unasked::kProof) mode_.replies_off = false;
}

// What has come of it says whose it is, if it is an aggregate's.
void RedisReader::on_cut_reply() {
    if (!streams_.is_confirmed()) return streams_.start_over();
    const RespFramer& reply = streams_.replies();
    const bool answers = reply.in_aggregate() && reply.type() != '>';
    const PendingCommand* open = streams_.order().waiting();
    if (answers && open != nullptr && command_of(*open) == kExec) end_transaction();
    give_up_transaction();
    streams_.cut_replies(answers ? std::optional(seen(reply)) : std::nullopt);
}

// --- transactions ---------------------------------------------------------------------------------------------------

// What the answer to a command means for the transaction that it is in, begins or ends.
void RedisReader::follow_transaction(PendingCommand& open) {
    const Command command = command_of(open);
    if (is_queued(streams_.replies())) {
        open.unknown = !mode_.in_transaction;
    } else if (open.failed && command != kExec) {
        return;  // not queued; EXEC will fail
    } else if (command == kMulti) {
        mode_.in_transaction = true;
    } else if (command == kExec || command == kDiscard || command == kReset) {
        end_transaction();
    } else {
        give_up_transaction();  // one was believed in that is over
    }
}

void RedisReader::end_transaction() {
    judge_queued();
    streams_.order().release();
    mode_.in_transaction = false;
}

void RedisReader::give_up_transaction() {
    streams_.order().release_unknown();
    mode_.in_transaction = false;
}

// By the values of what answers EXEC, from the last one on: the first commands may have been released before.
void RedisReader::judge_queued() {
    const RespFramer& reply = streams_.replies();
    if (reply.type() != '*' || reply.count() == 0) return;  // nothing was executed
    ResumedOrder& order = streams_.order();
    std::uint64_t value = reply.count();
    auto error = reply.errors().rbegin();
    for (std::size_t i = order.held(); i > 0; --i) {
        PendingCommand& command = order.held(i - 1);
        if (command.failed) continue;  // it was not queued
        command.unknown = value == 0 || --value >= reply.judged();
        while (error != reply.errors().rend() && error->index > value) ++error;
        if (error == reply.errors().rend() || error->index != value || command.unknown) continue;
        command.fail(error_in(error->text.view(), error->text.whole));
    }
}

// The answer to PSYNC or SYNC, and then the stream of a replica. Until it is ready, a master sends empty lines.
bool RedisReader::replicates(std::string_view& bytes, const Stamp& stamp) {
    PendingCommand* open = streams_.order().waiting();
    if (open == nullptr || !streams_.replies().between()) return false;
    if (command_of(*open) != kPsync && command_of(*open) != kSync) return false;
    bytes.remove_prefix(std::min(bytes.find_first_not_of("\r\n"), bytes.size()));
    if (bytes.empty()) return true;
    if (bytes.front() == '-') return false;
    ResumedOrder::take_reply(*open, {stamp, stamp.time, bytes.substr(0, bytes.find('\n')).size() + 1});
    streams_.confirm();
    streams_.order().settle();
    streams_.order().on_request_start();  // nothing is asked behind it
    streams_.order().lose_waiting(LostReason::kUnparsable);
    streams_.stop();
    return true;
}

// A replica's connection, of which the beginning was not seen.
void RedisReader::stop_reading() {
    streams_.start_over();
    streams_.stop();
}

}  // namespace footfall::redis
