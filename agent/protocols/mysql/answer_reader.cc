#include "agent/protocols/mysql/answer_reader.h"

#include <utility>

#include "agent/protocols/mysql/wire.h"

namespace footfall::mysql {
namespace {

constexpr std::uint32_t kSurelyRow = 1024;  // bytes: what ends a result is shorter

std::uint8_t first_of(std::string_view kept) { return kept.empty() ? kOk : static_cast<std::uint8_t>(kept.front()); }

bool is_eof(std::string_view kept, std::uint32_t length) { return length == kEofLength && first_of(kept) == kEof; }

// An OK packet in its place. A row may begin with 0xFE as well, if its first value is longer than a packet can be.
bool is_ok_as_eof(std::string_view kept, std::uint32_t length) {
    return length > kEofLength && length < kWholePacket && first_of(kept) == kEof;
}

}  // namespace

void AnswerReader::begin(Answer answer) {
    had_rows_ = false;
    status_ = 0;
    switch (answer) {
        case Answer::kNone:
            phase_ = Phase::kDone;
            return;
        case Answer::kOnePacket:
        case Answer::kStream:
            phase_ = Phase::kOnePacket;
            return;
        case Answer::kResult:
            phase_ = Phase::kFirst;
            return;
        case Answer::kRows:
            phase_ = Phase::kRows;
            return;
        case Answer::kPrepared:
            phase_ = Phase::kFirstOfPrepared;
            return;
        case Answer::kAuthentication:
            phase_ = Phase::kAuthentication;
            return;
    }
    __builtin_unreachable();
}

void AnswerReader::next_result() { begin(Answer::kResult); }

AnswerReader::Step AnswerReader::on_packet(std::optional<std::string_view> kept, std::uint32_t length) {
    if (!kept) return unseen(length);
    if (first_of(*kept) == kError && !kept->empty()) {
        if (is_progress_report(*kept)) return Step::kMore;
        phase_ = Phase::kDone;
        return Step::kError;
    }
    switch (phase_) {
        case Phase::kDone:
            return Step::kBroken;
        case Phase::kOnePacket:
            return end(*kept);
        case Phase::kFirst:
            return first(*kept, length);
        case Phase::kColumns:
            return column(*kept);
        case Phase::kEndOfColumns:
            return end_of_columns(*kept, length);
        case Phase::kRows:
            return row(*kept, length);
        case Phase::kFirstOfPrepared:
            return first_of_prepared(*kept);
        case Phase::kDefinitions:
            return definition();
        case Phase::kEndOfDefinitions:
            return end_of_definitions(*kept, length);
        case Phase::kAuthentication:
            return authentication(*kept);
    }
    __builtin_unreachable();
}

// Rows and the definitions of columns may be long, and need not be seen.
AnswerReader::Step AnswerReader::unseen(std::uint32_t length) {
    if (length < kSurelyRow) return Step::kBroken;
    switch (phase_) {
        case Phase::kColumns:
            return column({});
        case Phase::kDefinitions:
            return definition();
        case Phase::kEndOfColumns:
        case Phase::kRows:
            phase_ = Phase::kRows;
            return Step::kMore;
        case Phase::kDone:
        case Phase::kOnePacket:
        case Phase::kFirst:
        case Phase::kFirstOfPrepared:
        case Phase::kEndOfDefinitions:
        case Phase::kAuthentication:
            return Step::kBroken;
    }
    __builtin_unreachable();
}

AnswerReader::Step AnswerReader::first(std::string_view kept, std::uint32_t length) {
    if (kept.empty()) return Step::kBroken;
    switch (first_of(kept)) {
        case kOk:
            return end(kept);
        case kEof:
            return is_eof(kept, length) ? end(kept) : Step::kBroken;
        case kLocalInfile:
            return Step::kUpload;
        default:
            break;
    }
    Fields fields(kept);
    columns_ = fields.length_encoded();
    if (!fields.ok() || columns_ == 0 || fields.rest().size() > 1) return Step::kBroken;
    // Where both ends remember the columns of prepared statements, a byte says whether they are sent again.
    const bool left_out = fields.rest().size() == 1 && fields.rest().front() == '\0';
    had_rows_ = true;
    phase_ = left_out ? Phase::kEndOfColumns : Phase::kColumns;
    return Step::kMore;
}

AnswerReader::Step AnswerReader::column(std::string_view kept) {
    // The catalog comes first, and is "def"; MariaDB may not send it (MARIADB_CLIENT_…), but never EOF.
    if (first_of(kept) == kEof) return Step::kBroken;
    if (--columns_ == 0) phase_ = Phase::kEndOfColumns;
    return Step::kMore;
}

AnswerReader::Step AnswerReader::end_of_columns(std::string_view kept, std::uint32_t length) {
    phase_ = Phase::kRows;
    if (!is_eof(kept, length)) return row(kept, length);
    deprecate_eof_ = false;
    // The rows of a cursor are asked for by themselves.
    return (status_of(kept) & kCursorExists) != 0 ? end(kept) : Step::kMore;
}

AnswerReader::Step AnswerReader::row(std::string_view kept, std::uint32_t length) {
    if (is_eof(kept, length)) return end(kept);
    if (!is_ok_as_eof(kept, length)) return Step::kMore;
    deprecate_eof_ = true;
    return end(kept);
}

AnswerReader::Step AnswerReader::first_of_prepared(std::string_view kept) {
    Fields fields(kept);
    if (fields.integer(1) != kOk) return Step::kBroken;
    statement_ = static_cast<std::uint32_t>(fields.integer(4));
    definitions_[1] = static_cast<std::uint32_t>(fields.integer(2));
    definitions_[0] = static_cast<std::uint32_t>(fields.integer(2));
    if (!fields.ok()) return Step::kBroken;
    fields.skip(3);
    const bool left_out = fields.rest().size() == 1 && fields.rest().front() == '\0';
    if (left_out) definitions_ = {};
    next_definitions();
    return Step::kPrepared;
}

AnswerReader::Step AnswerReader::next_definitions() {
    columns_ = std::exchange(definitions_[0], 0);
    if (columns_ == 0) columns_ = std::exchange(definitions_[1], 0);
    phase_ = columns_ == 0 ? Phase::kDone : Phase::kDefinitions;
    return columns_ == 0 ? Step::kResult : Step::kMore;
}

AnswerReader::Step AnswerReader::definition() {
    if (--columns_ > 0) return Step::kMore;
    phase_ = Phase::kEndOfDefinitions;
    const bool last = definitions_[1] == 0;
    return deprecate_eof_.value_or(last) ? next_definitions() : Step::kMore;
}

AnswerReader::Step AnswerReader::end_of_definitions(std::string_view kept, std::uint32_t length) {
    const bool eof = is_eof(kept, length);
    if (!eof && deprecate_eof_) return Step::kBroken;
    deprecate_eof_ = !eof;
    const Step step = next_definitions();
    return eof || step == Step::kResult ? step : definition();
}

bool AnswerReader::takes_late_eof(std::string_view kept, std::uint32_t length) {
    if (deprecate_eof_ || !is_eof(kept, length)) return false;
    deprecate_eof_ = false;
    return true;
}

AnswerReader::Step AnswerReader::authentication(std::string_view kept) {
    const std::uint8_t first = first_of(kept);
    if (first == kOk) return end(kept);
    return first == kEof || first == kMoreAuthentication ? Step::kMore : Step::kBroken;
}

AnswerReader::Step AnswerReader::end(std::string_view kept) {
    status_ = status_of(kept);
    phase_ = Phase::kDone;
    return Step::kResult;
}

}  // namespace footfall::mysql
