// The client's side: what is asked, and what that is called.
#include <algorithm>

#include "agent/protocols/mysql/handshake.h"
#include "agent/protocols/mysql/mysql_reader.h"
#include "agent/protocols/sql/statement_name.h"

namespace footfall::mysql {
namespace {

constexpr std::size_t kTextKept = 16384;  // bytes of a command: of one system call no more are captured
constexpr std::size_t kLaterMost = 1024;  // statements of one query that are told apart
constexpr std::string_view kUnknownStatement = "_OTHER";

constexpr sql::Dialect kDialect = sql::Dialect::kMysql;

std::uint32_t statement_number(std::string_view body) {
    Fields fields(body);
    fields.skip(1);
    return static_cast<std::uint32_t>(fields.integer(4));
}

}  // namespace

MysqlReader::Tag MysqlReader::tag_of(const OpenRequest& request) {
    const std::uint32_t tag = request.tag;
    return {static_cast<Command>(tag & 0xFF), static_cast<std::uint8_t>(tag >> 8U), static_cast<std::uint16_t>(tag >> 17U),
            (tag >> 16U & 1U) != 0};
}

void MysqlReader::set_tag(OpenRequest& request, const Tag& tag) {
    request.tag = static_cast<std::uint32_t>(tag.command) | std::uint32_t{tag.answer_sequence} << 8U |
                  std::uint32_t{tag.unseen} << 16U | std::uint32_t{tag.extra} << 17U;
}

void MysqlReader::request_header(Direction direction) {
    Side& moved = side(direction);
    const PacketHeader& header = moved.header;
    const bool takes_turns =
        uploading_ || (!open_.empty() && answer_to(tag_of(open_.front()).command) == Answer::kAuthentication);
    if (moved.purpose == Purpose::kTrial) {
        const bool login = header.sequence == 1 || header.sequence == 2;
        if (header.length == 0 || (header.sequence != 0 && (!login || requests_known_))) return lose_step(direction);
        return moved.framer.begin_body(header.length, kTextKept);
    }
    if ((moved.goes_on && header.sequence == moved.next) || (takes_turns && header.sequence == sequence_)) {
        moved.purpose = Purpose::kMore;
        return moved.framer.begin_body(header.length, 0);
    }
    if (header.sequence != 0 || header.length == 0) return lose_step(direction);
    moved.purpose = Purpose::kCommand;
    moved.framer.begin_body(header.length, kTextKept);
}

// As soon as a byte of it has come, it must look like a command.
void MysqlReader::try_command(Direction direction) {
    Side& moved = side(direction);
    if (moved.header.sequence != 0 || moved.framer.body().empty()) return;
    if (!may_begin_command(moved.framer.body(), moved.header.length)) return lose_step(direction);
    if (!requests_known_) {
        set_requests(direction);
    } else {
        settle();
    }
    moved.purpose = Purpose::kCommand;
    start_answers();
}

void MysqlReader::try_frame(Direction direction) {
    Side& moved = side(direction);
    if (moved.header.sequence == 0) {
        if (moved.framer.body().empty()) return lose_step(direction);
        try_command(direction);
        if (moved.purpose == Purpose::kCommand && moved.framer.in_step()) command_frame(true);
        return;
    }
    if (!is_surely_login(moved.framer.body())) return lose_step(direction);
    set_requests(direction);
    start_answers();
    moved.purpose = Purpose::kStage;
    stage_ = Stage::kLogin;
    capabilities_ = ~std::uint32_t{0};
    sequence_ = static_cast<std::uint8_t>(moved.header.sequence + 1);
    login_request();
}

void MysqlReader::command_frame(bool whole) {
    has_command_ = false;
    const std::string_view body = requests().framer.body();
    if (body.empty()) return lose_step(requests_);
    const std::optional<Command> command = command_of(static_cast<std::uint8_t>(body.front()));
    if (!command) return;
    if (!answers().framer.in_step()) {
        settle();
        start_answers();
    }
    begin_command(*command, whole);
}

// An empty packet ends a file.
void MysqlReader::more_of_command() {
    const PacketHeader& header = requests().header;
    const auto next = static_cast<std::uint8_t>(header.sequence + 1);
    if (open_.empty()) return;
    if (uploading_) {
        open_.front().request_bytes += requests().framer.bytes();
        sequence_ = next;
        if (header.length == 0) uploading_ = false;
        return;
    }
    if (!has_command_) return;
    OpenRequest& request = open_.back();
    request.request_bytes += requests().framer.bytes();
    Tag tag = tag_of(request);
    tag.answer_sequence = next;
    set_tag(request, tag);
    if (open_.size() == 1) sequence_ = next;
}

void MysqlReader::begin_command(Command command, bool whole) {
    const LengthFramer& framer = requests().framer;
    const std::string_view body = framer.body();
    if (answer_to(command) == Answer::kNone) {
        if (command == Command::kStatementClose) prepared_.close(statement_number(body));
        return;
    }
    OpenRequest* request = open_.begin(framer.begin());
    if (request == nullptr) {
        open_.lose_all(LostReason::kTooManyOpen);
        later_.clear();
        answers().framer.lose();
        return;
    }
    Tag tag{command, 1, 0, false};
    const bool truncated = !whole || framer.body_length() > body.size();
    name_command(*request, tag, body, truncated);
    set_tag(*request, tag);
    request->request_bytes = framer.bytes();
    has_command_ = true;
    if (open_.size() == 1) begin_answer();
}

void MysqlReader::name_command(OpenRequest& request, Tag& tag, std::string_view body, bool truncated) {
    const std::string_view argument = body.substr(1);
    switch (tag.command) {
        case Command::kQuery:
            return name_query(request, tag, query_text(argument), truncated);
        case Command::kStatementPrepare: {
            const sql::StatementName name = sql::name_statement(argument, kDialect, name_buffer_, truncated);
            tag.extra = static_cast<std::uint16_t>(prepared_.prepare(name.operation, name.collection));
            return request.name(name_of(tag.command), name.collection);
        }
        case Command::kStatementExecute:
        case Command::kStatementBulkExecute:
        case Command::kStatementFetch:
        case Command::kStatementReset:
            return name_prepared(request, tag, body);
        case Command::kChangeUser:
        case Command::kResetConnection:
            prepared_.clear();
            return request.name(name_of(tag.command), {});
        case Command::kQuit:
        case Command::kInitDb:
        case Command::kFieldList:
        case Command::kCreateDb:
        case Command::kDropDb:
        case Command::kRefresh:
        case Command::kShutdown:
        case Command::kStatistics:
        case Command::kProcessInfo:
        case Command::kProcessKill:
        case Command::kDebug:
        case Command::kPing:
        case Command::kBinlogDump:
        case Command::kTableDump:
        case Command::kRegisterReplica:
        case Command::kStatementLongData:
        case Command::kStatementClose:
        case Command::kSetOption:
        case Command::kBinlogDumpGtid:
        case Command::kClone:
        case Command::kSubscribeGroup:
            return request.name(name_of(tag.command), {});
    }
    __builtin_unreachable();
}

void MysqlReader::name_query(OpenRequest& request, Tag& tag, std::string_view text, bool truncated) {
    std::string_view rest = text;
    std::string_view first = text;
    if (text.find(';') < text.size() - 1) {
        first = sql::next_statement(rest, kDialect);
    } else {
        rest = {};
    }
    const sql::StatementName name = sql::name_statement(first, kDialect, name_buffer_, truncated && rest.empty());
    request.name(name.operation, name.collection);
    while (!rest.empty() && tag.extra < kLaterMost) {
        const std::string_view statement = sql::next_statement(rest, kDialect);
        if (statement.empty()) break;
        later_.push(sql::name_statement(statement, kDialect, name_buffer_, truncated && rest.empty()));
        ++tag.extra;
    }
    tag.unseen = truncated || !rest.empty();
}

void MysqlReader::name_prepared(OpenRequest& request, Tag& tag, std::string_view body) {
    const PreparedStatements::Name* name = prepared_.find(statement_number(body));
    const bool executes = answer_to(tag.command) == Answer::kResult;
    if (name == nullptr) return request.name(name_of(tag.command), kUnknownStatement);
    request.name(executes ? name->operation() : name_of(tag.command), name->collection());
}

// Of the command that the connection's end cut off, some bytes have come.
void MysqlReader::begin_cut_command() {
    if (stage_ != Stage::kCommands || !requests_known_) return;
    Side& cut = requests();
    if (!cut.framer.in_step() || !cut.in_body || cut.purpose != Purpose::kCommand || cut.framer.body().empty()) return;
    cut.in_body = false;
    command_frame(false);
}

}  // namespace footfall::mysql
