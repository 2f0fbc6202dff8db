#include "agent/protocols/postgresql/postgresql_reader.h"

#include <algorithm>
#include <memory>

#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall::postgresql {
namespace {

constexpr std::uint16_t kMissLimit = 64;

}  // namespace

void PostgresqlReader::restart(const ReaderContext& context) {
    context_ = context;
    standing_ = Standing::kGuessed;
    requests_.reset();
    front_.reset();
    front_.set_header_size(kHeader);
    back_.reset();
    back_.set_header_size(kHeader);
    steps_.restart(context);
    statements_.clear();
    in_startup_ = awaits_encryption_ = not_read_ = skipping_ = copy_in_ = ready_ = false;
    requests_unknown_ = overflowed_ = asked_since_gap_ = asks_ahead_ = false;
    late_ = context.opened_before;
    login_.reset();
    misses_ = 0;
    ignored_in_copy_ = already_lost_ = ready_unkept_ = tail_size_ = 0;
    request_bytes_ = response_bytes_ = 0;
}

bool PostgresqlReader::is_over() const {
    return not_read_ || standing_ == Standing::kRefuted || standing_ == Standing::kEncrypted;
}

void PostgresqlReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (is_over() || bytes.empty()) return;
    if (!requests_) find_roles(direction, bytes, message_start);
    if (!requests_) return;
    if (direction == *requests_) {
        read_requests(bytes, message_start, stamp);
    } else {
        read_responses(bytes, message_start, stamp);
    }
}

void PostgresqlReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (is_over() || !requests_) return;
    const bool is_request = direction == *requests_;
    LengthFramer& framer = is_request ? front_ : back_;
    if (is_request && copy_in_ && !steps_.empty()) steps_.front().request_bytes += length;
    if (!is_request && !framer.in_step()) {
        response_bytes_ += length;
        tail_size_ = 0;
    }
    while (length > 0 && !is_over()) {
        const Framing step = framer.skip(length, stamp);
        if (step == Framing::kFrame) {
            is_request ? take_request() : take_response();
        } else if (step == Framing::kGap) {
            is_request ? lose_requests() : lose_responses();
        }
    }
}

void PostgresqlReader::on_close(CloseReason reason, MonotonicTime time) {
    if (standing_ == Standing::kConfirmed) {
        const bool may_be_answered = !back_.in_step() && !asked_since_gap_ && tail_size_ == 0;
        if (may_be_answered) steps_.lose_all(LostReason::kGap);
        steps_.close(reason, time);
    } else {
        steps_.forget();
    }
    not_read_ = true;
}

void PostgresqlReader::on_session_end(MonotonicTime) {
    if (standing_ == Standing::kConfirmed) {
        steps_.prove();
        steps_.lose_all(LostReason::kUnfinished);
    } else {
        steps_.forget();
    }
    not_read_ = true;
}

void PostgresqlReader::find_roles(Direction direction, std::string_view bytes, bool message_start) {
    constexpr std::string_view kOnlyAClients = "QPBF";
    if (may_be_startup(bytes)) {
        set_roles(direction);
        in_startup_ = true;
        front_.set_header_size(kStartupHeader);
    } else if (message_start && kOnlyAClients.find(bytes.front()) != std::string_view::npos && begins_with_requests(bytes)) {
        set_roles(direction);
        assume_order();
        back_.lose();
        asked_since_gap_ = true;
    } else {
        miss();
    }
}

void PostgresqlReader::set_roles(Direction requests) {
    requests_ = requests;
    steps_.set_role(requests == Direction::kReceived ? Role::kServer : Role::kClient);
    front_.start();
    back_.start();
}

void PostgresqlReader::miss() {
    steps_.forget();
    statements_.clear();
    requests_.reset();
    login_.reset();
    if (++misses_ >= kMissLimit) standing_ = Standing::kRefuted;
}

void PostgresqlReader::stop_reading() {
    steps_.prove();
    while (!steps_.empty()) steps_.pop();
    not_read_ = true;
}

// --- Resynchronisation ----------------------------------------------------------------------------------------------

void PostgresqlReader::lose_requests() {
    if (standing_ == Standing::kGuessed) return miss();
    if (steps_.holds_back() && !copy_in_) return lose_pairing(why_lost());
    front_.lose();
    requests_unknown_ = requests_unknown_ || !copy_in_;
}

void PostgresqlReader::resume_requests() {
    in_startup_ = false;  // if it was, that passed unseen
    front_.set_header_size(kHeader);
    front_.start();
    if (requests_unknown_) assume_order();
    requests_unknown_ = false;
    already_lost_ = 0;
    request_bytes_ = 0;
    skipping_ = false;
}

void PostgresqlReader::lose_responses() {
    if (standing_ == Standing::kGuessed) return miss();
    steps_.lose_held(why_lost());
    back_.lose();
    asked_since_gap_ = ready_ = false;
    tail_size_ = 0;
}

// The client asks for something, so it has logged in. Where responses are out of step, those to what it asked before have
// passed.
void PostgresqlReader::meet_request() {
    login_.reset();
    if (back_.in_step() || asked_since_gap_ || overflowed_) return;
    asked_since_gap_ = true;
    steps_.lose_all(LostReason::kGap);
    assume_order();
    skipping_ = copy_in_ = false;
    response_bytes_ = 0;
}

// The beginning of a call while responses are out of step.
void PostgresqlReader::look_for_answer(std::string_view bytes) {
    if (!asked_since_gap_) return;
    if (begins_with_responses(bytes)) {
        back_.start();
        response_bytes_ = 0;
        return;
    }
    asked_since_gap_ = false;
    if (standing_ == Standing::kGuessed) miss();
}

void PostgresqlReader::look_for_ready(std::string_view bytes, const Stamp& stamp) {
    response_bytes_ += bytes.size();
    if (bytes.size() > tail_.size()) bytes.remove_prefix(bytes.size() - tail_.size());
    const std::size_t kept = std::min<std::size_t>(tail_size_, tail_.size() - bytes.size());
    std::copy(tail_.data() + tail_size_ - kept, tail_.data() + tail_size_, tail_.data());
    std::copy(bytes.begin(), bytes.end(), tail_.data() + kept);
    tail_size_ = static_cast<std::uint8_t>(kept + bytes.size());
    const Ending ending = ending_of({tail_.data(), tail_size_});
    if (ending != Ending::kNothing && standing_ == Standing::kConfirmed) settle(ending, stamp.time);
}

void PostgresqlReader::settle(Ending ending, MonotonicTime time) {
    const bool completed = ending == Ending::kCompleted;
    const bool unsure = overflowed_ || steps_.ready_count() == 0;
    const bool ambiguous = steps_.ready_count() > ignored_in_copy_ + 1 || (unsure && !steps_.empty());
    if (ambiguous && !requests_unknown_) lose_pairing(LostReason::kGap);
    while (!steps_.empty()) {
        if (steps_.front().is_use && completed) {
            steps_.finish_front(Outcome::kOk, {}, time, response_bytes_);
            response_bytes_ = 0;
        } else if (steps_.front().is_use) {
            steps_.lose_front(LostReason::kGap);
        } else {
            steps_.pop();
        }
    }
    back_.start();
    end_copy_in();
    tail_size_ = 0;
    response_bytes_ = 0;
    skipping_ = asked_since_gap_ = overflowed_ = false;
    ready_unkept_ = 0;
    ready_ = true;
}

// Which answer belongs to what can't be known any more.
void PostgresqlReader::lose_pairing(LostReason reason) {
    if (standing_ == Standing::kGuessed) return miss();
    steps_.lose_held(steps_.holds_back() ? why_lost() : reason);
    already_lost_ = static_cast<std::uint32_t>(steps_.lose_all(reason));
    front_.lose();
    requests_unknown_ = true;
    ready_ = skipping_ = copy_in_ = false;  // what was ready before is so no more
    ignored_in_copy_ = 0;
}

// --- Whose an answer is ---------------------------------------------------------------------------------------------

// Nothing seems to be under way.
void PostgresqlReader::assume_order() {
    steps_.hold_back();
    asks_ahead_ = false;
}

void PostgresqlReader::prove_order() {
    steps_.prove();
    late_ = false;
}

void PostgresqlReader::heed_request_start() {
    const bool answered = steps_.held() > 0 && steps_.empty() && ready_ && !overflowed_;
    if (answered && !asks_ahead_) prove_order();
}

// More is answered than was asked. What contradicts while requests are missing is one of those.
void PostgresqlReader::disprove_order() {
    if (requests_unknown_ || overflowed_ || standing_ == Standing::kGuessed) return;
    steps_.lose_held(why_lost());
    assume_order();
}

LostReason PostgresqlReader::why_lost() const { return late_ ? LostReason::kBeganBefore : LostReason::kGap; }

// No step finds room any more.
void PostgresqlReader::overflow() {
    if (standing_ == Standing::kGuessed) return miss();
    overflowed_ = true;
    ready_unkept_ = 0;
}

}  // namespace footfall::postgresql

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kPostgresql>(const ReaderContext& context) {
    return std::make_unique<postgresql::PostgresqlReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kPostgresql>() {
    return {
        .title = "PostgreSQL",
        .versions = "protocol 3: simple and extended queries, pipelines, COPY",
        .roles = "server, client",
        .named = "verb and first table, `SELECT orders`; what was prepared before footfall came is `EXECUTE {unknown}`",
        .outcome = "ErrorResponse; the SQLSTATE; a refused login is `CONNECT`",
        .not_read = "GSSAPI (blind spot), what is replicated, protocol 2",
    };
}

}  // namespace footfall
