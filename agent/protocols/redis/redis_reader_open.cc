// The part of RedisReader for what is not in order: ends, gaps and garbage.
#include "agent/protocols/redis/redis_reader.h"

namespace footfall::redis {
namespace {

constexpr std::uint8_t kStrikesMost = 32;

}  // namespace

void RedisReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (over_ || !requests_ || is_request(direction)) return;
    end(CloseReason::kPeer, stamp.time);
    if (requests_) reply_framer().lose();
}

void RedisReader::on_close(CloseReason reason, MonotonicTime time) { end(reason, time); }

void RedisReader::on_session_end(MonotonicTime time) { end(std::nullopt, time); }

// No reason: the session ends, not the connection.
void RedisReader::end(std::optional<CloseReason> reason, MonotonicTime time) {
    if (!is_confirmed()) return start_over();
    if (replies_cut_ && reason) finish_cut_replies();
    replies_cut_ = false;
    order_.end(reason, time, "SHUTDOWN");
}

// --- gaps and garbage -----------------------------------------------------------------------------------------------

// A stream's present message can't be read on.
void RedisReader::give_up(Direction direction, LostReason reason) {
    if (!is_confirmed()) return late_ || reason == LostReason::kGap ? start_over() : refute();
    if (is_request(direction)) {
        if (replies_cut_) finish_cut_replies();
        request_framer().lose();
        return order_.lose_request(reason);
    }
    if (order_.waiting() != nullptr) order_.lose_waiting(reason);
}

void RedisReader::cut_replies(std::uint64_t unseen) {
    order_.deliver();
    const RespFramer& reply = reply_framer();
    PendingCommand& open = *order_.waiting();
    replies_cut_ = true;
    open.unknown = !reply.in_aggregate() || reply.type() == '>';
    if (!open.unknown) ResumedOrder::take_reply(open, {reply.begin(), reply.last(), reply.bytes()});
    open.response_bytes += unseen;
}

void RedisReader::finish_cut_replies() {
    replies_cut_ = false;
    order_.answer_unseen(reply_last_);
}

// Nothing that was believed of the connection holds.
void RedisReader::start_over() {
    order_.restart(context_, Kind::kRedis, true);
    requests_.reset();
    for (RespFramer& stream : framers_) stream.lose();
    subscriptions_ = {};
    late_ = true;
    replies_cut_ = replies_off_ = skip_next_ = monitors_ = false;
    strike();
}

void RedisReader::strike() {
    if (!is_confirmed() && ++strikes_ >= kStrikesMost) standing_ = Standing::kRefuted;
}

void RedisReader::refute() {
    start_over();
    standing_ = Standing::kRefuted;
}

// A replica's connection, of which the beginning was not seen.
void RedisReader::stop_reading() {
    start_over();
    over_ = true;
}

}  // namespace footfall::redis
