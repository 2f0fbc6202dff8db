// The part of RedisReader that keeps the open commands: the ways in which they end, and what gaps and garbage do to them.
#include "agent/protocols/redis/redis_reader.h"

namespace footfall::redis {
namespace {

constexpr Command kShutdown = named("SHUTDOWN");
constexpr std::uint8_t kStrikesMost = 32;

}  // namespace

void RedisReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (over_ || !requests_ || is_request(direction)) return;
    close_all(CloseReason::kPeer, stamp.time);
    if (requests_) reply_framer().lose();
}

void RedisReader::on_close(CloseReason reason, MonotonicTime time) { close_all(reason, time); }

void RedisReader::on_session_end(MonotonicTime time) { close_all(std::nullopt, time); }

// No reason: the session ends, not the connection.
void RedisReader::close_all(std::optional<CloseReason> reason, MonotonicTime time) {
    if (!is_confirmed()) return start_over();
    if (replies_cut_ && reason) finish_cut_replies();
    hand_out_answered();
    while (!open_.empty()) {
        OpenCommand& open = open_.front();
        if (!open.asked || !reason) {
            lose_front(LostReason::kUnfinished);
            continue;
        }
        open.end = time;
        const bool as_asked = open.command == kShutdown;
        hand_out(open, as_asked ? Outcome::kOk : Outcome::kError, as_asked ? std::string_view{} : text_of(*reason));
        open_.pop();
    }
    replies_cut_ = false;
}

// --- gaps and garbage -----------------------------------------------------------------------------------------------

// A stream's present message can't be read on.
void RedisReader::give_up(Direction direction, LostReason reason) {
    if (!is_confirmed()) return late_ || reason == LostReason::kGap ? start_over() : refute();
    is_request(direction) ? give_up_requests(reason) : give_up_replies(reason);
}

void RedisReader::give_up_requests(LostReason reason) {
    request_framer().lose();
    lose_order(reason);
}

// A command is lost that has no place among those that wait.
void RedisReader::lose_order(LostReason reason) {
    if (order_ == Order::kAssumed) {
        lost_waiting_ += open_.size() - answered_;
        lose_all(why_unordered());
    }
    order_ = Order::kLost;
    ++lost_waiting_;
    lose_unnamed(reason);
}

void RedisReader::give_up_replies(LostReason reason) {
    if (waiting() == nullptr) return;
    lost_waiting_ += open_.size() - answered_;
    lose_all(reason);
    order_ = Order::kLost;
}

void RedisReader::cut_replies(std::uint64_t unseen) {
    const RespFramer& reply = reply_framer();
    OpenCommand& open = *waiting();
    replies_cut_ = true;
    open.unknown = !reply.in_aggregate() || reply.type() == '>';
    if (!open.unknown && !open.first_byte.seen()) open.first_byte = reply.begin().time;
    open.response_bytes += (open.unknown ? 0 : reply.bytes()) + unseen;
}

void RedisReader::finish_cut_replies() {
    replies_cut_ = false;
    for (std::size_t i = answered_; i < open_.size(); ++i) {
        OpenCommand& open = open_.at(i);
        open.unknown |= i > answered_;
        open.answered = true;
        open.end = reply_last_;
    }
    answered_ = open_.size();
    if (order_ == Order::kAssumed) return;
    hand_out_answered();
    if (order_ == Order::kKnown) assume_order();
}

// Nothing that was believed of the connection holds.
void RedisReader::start_over() {
    while (!open_.empty()) open_.pop();
    answered_ = 0;
    started_ = 0;
    lost_waiting_ = 0;
    requests_.reset();
    for (RespFramer& stream : framers_) stream.lose();
    subscriptions_ = {};
    order_ = Order::kLost;
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

// --- the open commands ----------------------------------------------------------------------------------------------

OpenCommand* RedisReader::waiting() {
    if (answered_ >= open_.size() || open_.at(answered_).answered) return nullptr;
    return &open_.at(answered_);
}

void RedisReader::hand_out(const OpenCommand& open, Outcome outcome, std::string_view error_type) {
    const bool server = role() == Role::kServer;
    context_.sink->on_exchange({
        .kind = Kind::kRedis,
        .role = role(),
        .outcome = outcome,
        .connection = context_.connection,
        .pid = open.began.pid,
        .tid = open.began.tid,
        .method = name_of(open.command),
        .target = {},
        .error_type = error_type,
        .begin = open.began.time,
        .first_byte = open.first_byte,
        .end = open.end,
        .bytes_in = server ? open.request_bytes : open.response_bytes,
        .bytes_out = server ? open.response_bytes : open.request_bytes,
    });
}

void RedisReader::hand_out_front() {
    const OpenCommand& open = open_.front();
    const Outcome answer = open.failed ? Outcome::kError : Outcome::kOk;
    hand_out(open, open.unknown ? Outcome::kUnknown : answer, open.error());
    open_.pop();
}

void RedisReader::hand_out_answered() {
    for (; answered_ > 0; --answered_) hand_out_front();
}

// One whose request was not seen has not begun.
void RedisReader::lose_front(LostReason reason) {
    if (open_.front().asked) context_.sink->on_lost(reason);
    open_.pop();
}

void RedisReader::lose_all(LostReason reason) {
    while (!open_.empty()) lose_front(reason);
    answered_ = 0;
    replies_cut_ = false;
}

// One that has no place among them.
void RedisReader::lose_unnamed(LostReason reason) {
    ++started_;
    context_.sink->on_lost(reason);
}

}  // namespace footfall::redis
