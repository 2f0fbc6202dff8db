// The server's side: which packets answer what, and how it ends.
#include "agent/protocols/mysql/mysql_reader.h"

namespace footfall::mysql {

void MysqlReader::begin_answer() {
    const Tag tag = tag_of(open_.front());
    answer_.begin(answer_to(tag.command));
    sequence_ = tag.answer_sequence;
    answer_began_ = answer_cut_ = uploading_ = false;
}

void MysqlReader::answer_header() {
    Side& moved = answers();
    const PacketHeader& header = moved.header;
    if (open_.empty()) {
        moved.purpose = Purpose::kUnasked;
        return moved.framer.begin_body(header.length, 0);
    }
    if (uploading_) sequence_ = header.sequence;  // the end of the file may have passed unseen
    uploading_ = false;
    if (header.sequence != sequence_) {
        if (answer_began_ || header.length != kEofLength) return lose_step(other(requests_));
        moved.purpose = Purpose::kLate;
        return moved.framer.begin_body(header.length, kEndKept);
    }
    ++sequence_;
    answer_began_ = true;
    if (!open_.front().first_byte.seen()) open_.front().first_byte = moved.framer.begin().time;
    moved.purpose = moved.goes_on ? Purpose::kRest : Purpose::kAnswer;
    moved.framer.begin_body(header.length, moved.goes_on ? 0 : kEndKept);
}

void MysqlReader::answer_frame() {
    const LengthFramer& framer = answers().framer;
    if (open_.empty()) return;
    const std::optional<std::string_view> kept = framer.body_kept() ? std::optional(framer.body()) : std::nullopt;
    const AnswerReader::Step step = answer_.on_packet(kept, answers().header.length);
    if (step == AnswerReader::Step::kBroken) return lose_step(other(requests_));
    confirm();
    take_step(step, framer.body(), framer.last());
}

void MysqlReader::take_step(AnswerReader::Step step, std::string_view kept, MonotonicTime time) {
    switch (step) {
        case AnswerReader::Step::kMore:
        case AnswerReader::Step::kBroken:
            return;
        case AnswerReader::Step::kResult:
            return end_result(time);
        case AnswerReader::Step::kError:
            error_.assign(kept);
            return finish(Outcome::kError, error_.text(), time);
        case AnswerReader::Step::kUpload:
            uploading_ = true;
            answer_.next_result();
            return;
        case AnswerReader::Step::kPrepared:
            prepared_.prepared(tag_of(open_.front()).extra, answer_.statement());
            if (answer_.done()) finish(Outcome::kOk, {}, time);
            return;
    }
    __builtin_unreachable();
}

// The sets of rows that a procedure makes are all its call's, which ends with an OK packet.
void MysqlReader::end_result(MonotonicTime time) {
    const bool may_follow = answer_to(tag_of(open_.front()).command) == Answer::kResult;
    const bool more = may_follow && (answer_.status() & kMoreResults) != 0;
    if (more) {
        const bool of_call = answer_.had_rows() && open_.front().method() == "CALL";
        if (!of_call) next_statement(time);
        return answer_.next_result();
    }
    while (answer_cut_ && tag_of(open_.front()).statements_behind() > 0) next_statement(time);
    finish(Outcome::kOk, {}, time);
}

// If none is left, the result was of the same statement.
void MysqlReader::next_statement(MonotonicTime time) {
    OpenRequest& request = open_.front();
    Tag tag = tag_of(request);
    const std::size_t behind = tag.statements_behind();
    if (behind == 0 && !tag.unseen) return;
    open_.finish_part(Outcome::kOk, {}, time);
    if (behind == 0) return request.name("_OTHER", {});
    const sql::StatementName name = later_.pop();
    request.name(name.operation, name.collection);
    --tag.extra;
    set_tag(request, tag);
}

void MysqlReader::finish(Outcome outcome, std::string_view error_type, MonotonicTime time) {
    const Tag tag = tag_of(open_.front());
    if (tag.command == Command::kStatementPrepare && outcome == Outcome::kError) prepared_.refused(tag.extra);
    later_.drop(tag.statements_behind());
    open_.finish(outcome, error_type, time);
    uploading_ = false;
    if (answer_to(tag.command) == Answer::kStream && outcome == Outcome::kOk) {
        stage_ = Stage::kIgnored;
        open_.lose_all(LostReason::kUnparsable);
    }
    if (!open_.empty()) begin_answer();
}

void MysqlReader::take_unframed(std::string_view bytes, const Stamp& stamp) {
    count_answer(bytes.size());
    tail_.append(bytes, stamp.time);
    if (open_.size() != 1) return;
    // An end with more behind it is followed by a packet: in step again.
    const std::optional<std::string_view> end = tail_.end_of_result();
    if (!end || (status_of(*end) & kMoreResults) == 0) return;
    next_statement(stamp.time);
    answer_.next_result();
    sequence_ = static_cast<std::uint8_t>(end->data()[-1] + 1);
    start_answers();
}

// A command has come, so what was asked before is answered, whether that was seen or not.
void MysqlReader::settle() {
    if (open_.empty()) return;
    finish_by_tail();
    open_.lose_all(LostReason::kGap);
    later_.clear();
    uploading_ = false;
}

bool MysqlReader::finish_by_tail() {
    if (open_.size() != 1 || answers().framer.in_step()) return false;
    const std::optional<std::string_view> end = tail_.end_of_result();
    if (!end) return false;
    const bool failed = static_cast<std::uint8_t>(end->front()) == kError;
    if (failed) error_.assign(*end);
    while (!failed && tag_of(open_.front()).statements_behind() > 0) next_statement(tail_.last());
    finish(failed ? Outcome::kError : Outcome::kOk, failed ? error_.text() : std::string_view(), tail_.last());
    return true;
}

void MysqlReader::count_answer(std::uint64_t bytes) {
    if (!open_.empty()) open_.front().response_bytes += bytes;
}

}  // namespace footfall::mysql
