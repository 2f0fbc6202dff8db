// The server's half of PostgresqlReader.
#include <algorithm>
#include <array>

#include "agent/protocols/postgresql/postgresql_reader.h"

namespace footfall::postgresql {
namespace {

constexpr std::size_t kProof = 256;      // uses that prove the order
constexpr std::size_t kErrorKept = 256;  // severity and SQLSTATE come first

// Comes at any time, and answers nothing.
bool is_asynchronous(char type) { return type == 'N' || type == 'A' || type == 'S'; }

// The first word of a statement, or of the tag that completes it: of those of which each has its own tag.
constexpr std::array kTagged = std::to_array<std::string_view>({"SELECT", "INSERT", "UPDATE", "DELETE"});
constexpr std::size_t kTagKept = 8;

bool is_tagged(std::string_view word) { return std::find(kTagged.begin(), kTagged.end(), word) != kTagged.end(); }

bool runs(StepKind kind) {
    return kind == StepKind::kExecute || kind == StepKind::kStatement || kind == StepKind::kFunctionCall;
}

}  // namespace

void PostgresqlReader::read_responses(std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (!back_.in_step() && message_start) look_for_answer(bytes);
    if (!requests_) return;
    if (!back_.in_step()) return look_for_ready(bytes, stamp);
    while (!is_over() && requests_) {
        const Framing step = back_.advance(bytes, stamp);
        if (step == Framing::kMore) return;
        if (step == Framing::kHeader) {
            take_response_header();
        } else {
            take_response();
        }
    }
}

void PostgresqlReader::take_response_header() {
    const char type = back_.header().front();
    if (awaits_encryption_) return take_encryption_answer(type);
    const std::uint32_t length = read_u32(back_.header().substr(1));
    if (!is_response(type) || length < 4 || length > kLengthLimit) {
        if (standing_ == Standing::kGuessed) {
            steps_.forget();
            standing_ = Standing::kRefuted;
            return;
        }
        steps_.lose_all(LostReason::kUnparsable);
        return lose_responses();
    }
    const std::size_t kept = type == 'E' ? kErrorKept : type == 'C' && steps_.holds_back() ? kTagKept : 0;
    back_.begin_body(length - 4, kept);
}

void PostgresqlReader::take_encryption_answer(char answer) {
    awaits_encryption_ = false;
    back_.begin_body(0, 0);
    if (answer == 'N') {
        back_.set_header_size(kHeader);
        return;
    }
    steps_.forget();
    if (answer == 'S' || answer == 'G') {
        standing_ = Standing::kEncrypted;
    } else if (answer == 'E') {  // an old server that does not know the question closes with an error
        standing_ = Standing::kConfirmed;
        stop_reading();
    } else {
        standing_ = Standing::kRefuted;
    }
}

void PostgresqlReader::take_response() {
    const char type = back_.header().front();
    standing_ = Standing::kConfirmed;
    if (back_.header().size() < kHeader || is_asynchronous(type)) return;
    response_bytes_ += back_.bytes();
    ready_ = type == 'Z';
    switch (type) {
        case 'D':
        case 'H':
            return note_first_byte();
        case 'T':
        case 'n':
            return take_description();
        case '1':
            return take_answer(StepKind::kParse);
        case '2':
            return take_answer(StepKind::kBind);
        case '3':
            return take_answer(StepKind::kClose);
        case 'C':
        case 'I':
        case 's':
        case 'V':
            return take_completion();
        case 'E':
            return take_error();
        case 'G':
            return begin_copy_in();
        case 'W':
            return begin_copy_both();
        case 'Z':
            return take_ready();
        default:
            return;
    }
}

void PostgresqlReader::note_first_byte() {
    if (steps_.empty() || !runs(steps_.front().kind) || steps_.front().first_byte.seen()) return;
    steps_.front().first_byte = back_.begin().time;
}

void PostgresqlReader::take_answer(StepKind kind) {
    if (steps_.empty()) return disprove_order();
    if (steps_.front().kind != kind) return lose_pairing(steps_.holds_back() ? why_lost() : LostReason::kUnparsable);
    steps_.pop();
}

// A RowDescription answers Describe, or comes before the rows of a simple query.
void PostgresqlReader::take_description() {
    if (steps_.empty() || steps_.front().kind != StepKind::kDescribe) return note_first_byte();
    steps_.pop();
}

void PostgresqlReader::take_completion() {
    note_first_byte();
    const MonotonicTime end = back_.last();
    if (steps_.empty()) {
        if (!requests_unknown_ || overflowed_) return disprove_order();
        if (already_lost_ > 0) {
            --already_lost_;
        } else {
            steps_.lose_extra(why_lost());
        }
        return;
    }
    const Step& step = steps_.front();
    if (step.kind == StepKind::kReady && step.of_query) {
        steps_.finish_extra(step, "_OTHER", Outcome::kOk, {}, end, response_bytes_);
    } else if (!runs(step.kind) || is_of_another(step)) {
        return lose_pairing(steps_.holds_back() ? why_lost() : LostReason::kUnparsable);
    } else if (step.is_use) {
        steps_.finish_front(Outcome::kOk, {}, end, response_bytes_);
    } else {
        steps_.pop();
    }
    response_bytes_ = 0;
    end_copy_in();
    if (!steps_.empty() && steps_.front().kind == StepKind::kStatement) steps_.front().began.time = end;
}

// The tag is that of another statement. Looked at only while the order is assumed.
bool PostgresqlReader::is_of_another(const Step& step) const {
    const std::string_view tag = back_.body();
    const std::string_view word = tag.substr(0, tag.find_first_of(std::string_view(" \0", 2)));
    return steps_.holds_back() && is_tagged(word) && is_tagged(step.name.operation()) && word != step.name.operation();
}

void PostgresqlReader::take_error() {
    const std::string_view sqlstate = sqlstate_of(back_.body());
    const std::string_view error_type = sqlstate.empty() ? "error" : sqlstate;
    if (login_) return refuse_login(error_type);
    note_first_byte();
    if (steps_.empty()) {
        if (overflowed_) return;
        if (requests_unknown_ && already_lost_ == 0) steps_.lose_extra(why_lost());
        if (already_lost_ > 0) --already_lost_;
        return;
    }
    const Step& step = steps_.front();
    if (step.kind == StepKind::kReady) return;
    if (step.is_use || (step.kind != StepKind::kExecute && step.kind != StepKind::kClose)) {
        steps_.finish_front(Outcome::kError, error_type, back_.last(), response_bytes_);
    } else {
        steps_.pop();
    }
    response_bytes_ = 0;
    end_copy_in();
    steps_.withdraw_until_ready();
    skipping_ = steps_.empty() && ready_unkept_ == 0;
}

void PostgresqlReader::refuse_login(std::string_view error_type) {
    Step login;
    login.began = *login_;
    login.first_byte = back_.begin().time;
    login.request_bytes = request_bytes_;
    steps_.finish_extra(login, "CONNECT", Outcome::kError, error_type, back_.last(), response_bytes_);
    login_.reset();
    request_bytes_ = response_bytes_ = 0;
}

void PostgresqlReader::take_ready() {
    const bool answers_login = login_.has_value();
    if (answers_login) request_bytes_ = 0;
    login_.reset();
    if (steps_.holds_back() && !steps_.empty() && steps_.front().kind != StepKind::kReady) {
        lose_pairing(why_lost());
        ready_ = true;
    }
    steps_.withdraw_until_ready();
    if (!steps_.empty()) {
        steps_.pop();
    } else if (ready_unkept_ > 0) {
        --ready_unkept_;
    } else if (!answers_login) {
        disprove_order();
    }
    if (steps_.held() >= kProof) prove_order();
    overflowed_ = overflowed_ && (!steps_.empty() || ready_unkept_ > 0);
    skipping_ = copy_in_ = false;
    ignored_in_copy_ = 0;
    response_bytes_ = 0;
}

// Whatever was sent behind the Execute is read as part of the COPY: a Sync there is ignored.
void PostgresqlReader::begin_copy_in() {
    note_first_byte();
    if (steps_.empty()) return;
    copy_in_ = true;
    ignored_in_copy_ = steps_.front().kind == StepKind::kExecute ? static_cast<std::uint32_t>(steps_.size() - 1) : 0;
}

void PostgresqlReader::end_copy_in() {
    copy_in_ = false;
    for (; ignored_in_copy_ > 0 && !steps_.empty(); --ignored_in_copy_) steps_.pop();
    ignored_in_copy_ = 0;
}

void PostgresqlReader::begin_copy_both() {
    note_first_byte();
    if (!steps_.empty() && steps_.front().is_use) {
        steps_.finish_front(Outcome::kOk, {}, back_.last(), response_bytes_);
    }
    stop_reading();
}

}  // namespace footfall::postgresql
