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
    if (!streams_.begin(direction, bytes, message_start, stamp)) return;
    Streams::Came came{};
    while ((came = streams_.next(direction, bytes, stamp)) != Streams::Came::kNothing) take(came);
}

void MemcachedReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    Streams::Came came{};
    while ((came = streams_.skip(direction, length, stamp)) != Streams::Came::kNothing) take(came);
}

void MemcachedReader::take(Streams::Came came) {
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

void MemcachedReader::on_request() {
    const Request& request = streams_.requests().request();
    const SeenMessage& message = streams_.requests().message();
    if (!streams_.is_late() && request.family == kStore && request.has_data) confirm();
    if (request.unanswered) return streams_.use_unanswered(request.name, message);
    PendingCommand* command = streams_.ask(request.name, message);
    if (command == nullptr) return;
    command->tag = request.tag;
    command->note = note_of(request);
    command->quiet = request.quiet != Quiet::kNever;
}

void MemcachedReader::on_reply() {
    const Reply& reply = streams_.replies().reply();
    if (streams_.order().waiting() == nullptr) {
        if (!streams_.is_confirmed()) return on_early_reply(reply);
        streams_.order().on_unasked_reply(streams_.replies().message(), reply.error);
        return;
    }
    const std::optional<std::size_t> place = place_of(reply);
    if (!place) return disprove();
    // Other servers delete as well, and say so in the same words.
    if (streams_.is_late() && !streams_.is_confirmed() && (streams_.order().waiting(*place)->note & kDelete) != 0)
        return streams_.start_over();
    if (!streams_.is_confirmed() && streams_.order().waiting(*place)->method == kUnknownCommand)
        return reply.error.empty() ? disprove() : answer(*place, true);
    confirm();
    answer(*place);
}

void MemcachedReader::confirm() {
    if (streams_.is_confirmed()) return;
    streams_.confirm();
    streams_.order().release();
}

// Servers refuse a command before its data has come, and do nothing else so early.
void MemcachedReader::on_early_reply(const Reply& reply) {
    reply.error.empty() && !streams_.requests().between() ? disprove() : streams_.start_over();
}

// Which of those that wait it answers: quiet ones in front of it had nothing to say.
std::optional<std::size_t> MemcachedReader::place_of(const Reply& reply) {
    for (std::size_t place = 0;; ++place) {
        const PendingCommand* command = streams_.order().waiting(place);
        if (command == nullptr) return std::nullopt;
        if (fits(*command, reply)) return place;
        if (!command->quiet) return std::nullopt;
    }
}

// Held: whether all this is memcached at all is not sure yet.
void MemcachedReader::answer(std::size_t place, bool held) {
    const SeenMessage& message = streams_.replies().message();
    for (; place > 0; --place) {
        streams_.order().waiting()->end = message.begin.time;
        streams_.order().settle();
    }
    PendingCommand& command = *streams_.order().waiting();
    const bool watches = command.method == "watch";
    const std::string_view error = streams_.replies().reply().error;
    ResumedOrder::take_reply(command, message);
    if (!error.empty()) command.fail(error);
    streams_.order().settle(held);
    if (watches && error.empty()) streams_.stop();
}

// A reply fits nothing that waits.
void MemcachedReader::disprove() {
    if (!streams_.is_confirmed()) return streams_.is_late() ? streams_.start_over() : streams_.refute();
    streams_.order().lose_waiting(streams_.is_late() ? LostReason::kBeganBefore : LostReason::kUnparsable);
}

// What has come of it says whose it is, if it is what was asked for.
void MemcachedReader::on_cut_reply() {
    const MessageFramer& replies = streams_.replies();
    const bool answers = replies.in_reply() && fits(*streams_.order().waiting(), replies.reply());
    if (!answers && !streams_.is_confirmed()) return streams_.start_over();
    confirm();
    streams_.cut_replies(answers ? std::optional(replies.message()) : std::nullopt);
}

}  // namespace footfall::memcached
