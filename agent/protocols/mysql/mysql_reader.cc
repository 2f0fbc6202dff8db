#include "agent/protocols/mysql/mysql_reader.h"

#include <memory>

#include "agent/protocols/mysql/handshake.h"
#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kMysql>(const ReaderContext& context) {
    return std::make_unique<mysql::MysqlReader>(context);
}

template <>
ProtocolFacts facts<Protocol::kMysql>() {
    return {
        .title = "MySQL, MariaDB",
        .versions = "protocol 10: MySQL from 4.1, MariaDB",
        .roles = "server, client",
        .named =
            "verb and first table, each statement of several; prepared ones too, `EXECUTE _OTHER` if the preparation was "
            "not "
            "seen; `PREPARE`, `FETCH`, `RESET`; other commands: their name",
        .outcome =
            "SQLSTATE, or the server's number where that is HY000; a refused login is `CONNECT`; `closed`, `reset`, "
            "`timeout`",
        .not_read = "compression: blind spot; behind a replica's BINLOG DUMP: nothing; close, long data, quit: no uses",
    };
}

}  // namespace footfall

namespace footfall::mysql {
namespace {

constexpr std::uint16_t kTrialsMost = 256;  // messages that began no command …
constexpr std::uint16_t kWrongTrial = 16;   // … and one whose answer was none weighs so much

}  // namespace

void MysqlReader::restart(const ReaderContext& context) {
    opened_before_ = context.opened_before;
    stage_ = opened_before_ ? Stage::kCommands : Stage::kGreeting;
    standing_ = Standing::kGuessed;
    requests_known_ = greeting_seen_ = login_seen_ = uploading_ = false;
    answer_began_ = answer_cut_ = has_command_ = false;
    sequence_ = trials_ = 0;
    capabilities_ = 0;
    answer_ = {};
    for (Side& side : sides_) {
        side.framer.reset();
        side.goes_on = side.in_body = false;
        if (opened_before_) side.framer.lose();
    }
    tail_.clear();
    prepared_.clear();
    later_.clear();
    open_.restart(context, Kind::kMysql);
}

void MysqlReader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (stage_ == Stage::kIgnored) return;
    LengthFramer& framer = side(direction).framer;
    if (!framer.in_step()) {
        if (is_answering(direction)) return take_unframed(bytes, stamp);
        if (!message_start) return;
        framer.start();
        side(direction).purpose = Purpose::kTrial;
        side(direction).goes_on = false;
    }
    advance(direction, bytes, stamp);
}

void MysqlReader::advance(Direction direction, std::string_view bytes, const Stamp& stamp) {
    const std::string_view all = bytes;
    Side& moved = side(direction);
    while (true) {
        const std::size_t before = bytes.size();
        const LengthFramer::Step step = moved.framer.advance(bytes, stamp);
        if (is_answering(direction)) count_answer(before - bytes.size());
        switch (step) {
            case LengthFramer::Step::kHeader:
                moved.in_body = true;
                moved.header = packet_header(moved.framer.header());
                on_header(direction);
                break;
            case LengthFramer::Step::kFrame:
                moved.in_body = false;
                on_frame(direction);
                break;
            case LengthFramer::Step::kMore:
            case LengthFramer::Step::kGap:
                if (moved.in_body && moved.purpose == Purpose::kTrial) try_command(direction);
                if (!moved.framer.in_step() && is_answering(direction)) tail_.append(all, stamp.time);
                return;
        }
    }
}

void MysqlReader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (stage_ == Stage::kIgnored) return;
    Side& moved = side(direction);
    if (is_answering(direction)) count_answer(length);
    while (length > 0 && moved.framer.in_step()) {
        switch (moved.framer.skip(length, stamp)) {
            case LengthFramer::Step::kFrame:
                moved.in_body = false;
                on_frame(direction);
                break;
            case LengthFramer::Step::kGap:
                lose_step(direction);
                break;
            case LengthFramer::Step::kMore:
            case LengthFramer::Step::kHeader:
                break;
        }
    }
    if (!moved.framer.in_step() && is_answering(direction)) tail_.cut(stamp.time);
}

void MysqlReader::on_header(Direction direction) {
    if (stage_ != Stage::kCommands) return stage_header(direction);
    is_answering(direction) ? answer_header() : request_header(direction);
}

void MysqlReader::on_frame(Direction direction) {
    Side& moved = side(direction);
    moved.goes_on = moved.header.length == kWholePacket;
    moved.next = static_cast<std::uint8_t>(moved.header.sequence + 1);
    switch (moved.purpose) {
        case Purpose::kStage:
            stage_frame(direction);
            break;
        case Purpose::kTrial:
            try_frame(direction);
            break;
        case Purpose::kCommand:
            command_frame(true);
            break;
        case Purpose::kMore:
            more_of_command();
            break;
        case Purpose::kAnswer:
            answer_frame();
            break;
        case Purpose::kLate:
            if (!answer_.takes_late_eof(moved.framer.body(), moved.header.length)) lose_step(direction);
            break;
        case Purpose::kRest:
        case Purpose::kUnasked:
            break;
    }
    moved.framer.drop_body();
}

void MysqlReader::set_requests(Direction direction) {
    requests_ = direction;
    requests_known_ = true;
    open_.set_role(direction == Direction::kReceived ? Role::kServer : Role::kClient);
}

// With the next byte.
void MysqlReader::start_answers() {
    answers().framer.start();
    answers().goes_on = answers().in_body = false;
}

void MysqlReader::lose_step(Direction direction) {
    if (stage_ != Stage::kCommands) return lose_handshake();
    side(direction).framer.lose();
    side(direction).goes_on = side(direction).in_body = false;
    if (standing_ == Standing::kGuessed) return fail_trial(direction);
    if (!is_answering(direction)) return;
    answer_cut_ = true;
    tail_.clear();
}

// What looked like a command was none: nothing has been said of it, and nothing will be.
void MysqlReader::fail_trial(Direction direction) {
    trials_ = static_cast<std::uint16_t>(trials_ + (requests_known_ ? kWrongTrial : 1));
    if (trials_ >= kTrialsMost) standing_ = Standing::kRefuted;
    if (!requests_known_) return;
    open_.forget();
    prepared_.clear();
    later_.clear();
    requests_known_ = uploading_ = login_seen_ = false;
    side(other(direction)).framer.lose();
    side(other(direction)).goes_on = side(other(direction)).in_body = false;
}

// Neither end goes on when it has closed its own direction: there is no half of this protocol.
void MysqlReader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (direction == Direction::kSent) on_close(CloseReason::kLocal, stamp.time);
}

void MysqlReader::on_close(CloseReason reason, MonotonicTime time) {
    if (standing_ == Standing::kGuessed) return open_.forget();
    const bool may_be_answered = !finish_by_tail() && requests_known_ && !answers().framer.in_step() && tail_.empty();
    if (may_be_answered) open_.lose_all(LostReason::kGap);
    begin_cut_command();
    open_.close(reason, time);
}

void MysqlReader::on_session_end(MonotonicTime) {
    if (standing_ == Standing::kGuessed) return open_.forget();
    finish_by_tail();
    open_.session_end();
}

}  // namespace footfall::mysql
