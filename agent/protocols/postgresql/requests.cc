// The client's half of PostgresqlReader.
#include <algorithm>

#include "agent/protocols/postgresql/postgresql_reader.h"
#include "agent/protocols/sql/statement_name.h"

namespace footfall::postgresql {
namespace {

// How many first bytes of a message are looked at.
constexpr std::size_t kQueryKept = 16384;
constexpr std::size_t kParseKept = 8192;
constexpr std::size_t kNamesKept = 256;  // a name is 63 bytes at most
constexpr std::size_t kStartupKept = 4;

std::size_t kept_of(char type) {
    switch (type) {
        case 'Q':
            return kQueryKept;
        case 'P':
            return kParseKept;
        case 'B':
        case 'C':
        case 'D':
        case 'E':
            return kNamesKept;
        default:
            return 0;
    }
}

}  // namespace

void PostgresqlReader::read_requests(std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (copy_in_ && !steps_.empty()) steps_.front().request_bytes += bytes.size();
    if (!front_.in_step()) {
        if (!message_start || !ready_ || !steps_.empty() || overflowed_ || !begins_with_requests(bytes)) return;
        resume_requests();
    }
    if (message_start && front_.between()) heed_request_start();
    while (!is_over() && requests_) {
        const Framing step = front_.advance(bytes, stamp);
        if (step == Framing::kMore) return;
        if (step == Framing::kHeader) {
            take_request_header();
        } else {
            take_request();
        }
    }
}

void PostgresqlReader::take_request_header() {
    if (in_startup_) {
        const std::uint32_t length = read_u32(front_.header());
        if (length < 2 * kStartupHeader || length > kStartupLimit) {
            standing_ = Standing::kRefuted;
            return steps_.forget();
        }
        return front_.begin_body(length - kStartupHeader, kStartupKept);
    }
    const char type = front_.header().front();
    const std::uint32_t length = read_u32(front_.header().substr(1));
    if (!is_request(type) || length < 4 || length > kLengthLimit) return lose_requests();
    front_.begin_body(length - 4, kept_of(type));
}

void PostgresqlReader::take_request() {
    if (in_startup_) return take_startup();
    const char type = front_.header().front();
    const std::string_view body = front_.body();
    const bool truncated = body.size() < front_.body_length();
    if (!copy_in_) note_bytes(type);
    if (type == 'S') return take_sync();
    if (type == 'c' || type == 'f') {
        copy_in_ = false;
        return;
    }
    if (skipping_) return;
    switch (type) {
        case 'Q':
            return take_query(body, truncated);
        case 'P':
            return take_parse(body, truncated);
        case 'B':
            return take_bind(body);
        case 'C':
        case 'D':
            return take_described(type, body);
        case 'E':
            return take_execute(body);
        case 'F':
            return take_function_call();
        default:
            return;
    }
}

// A client may send the data of a COPY ahead of the server's leave.
void PostgresqlReader::note_bytes(char type) {
    if (type != 'd' && type != 'c' && type != 'f') {
        request_bytes_ += front_.bytes();
    } else if (Step* copy = steps_.oldest_use(); copy != nullptr) {
        copy->request_bytes += front_.bytes();
    }
}

void PostgresqlReader::take_startup() {
    switch (front_.body().size() < kStartupKept ? Startup::kNone : startup_of(read_u32(front_.body()))) {
        case Startup::kNone:
            standing_ = Standing::kRefuted;
            return;
        case Startup::kEncryption:
            awaits_encryption_ = true;
            back_.set_header_size(1);
            return;
        case Startup::kCancel:
            standing_ = Standing::kConfirmed;
            return stop_reading();
        case Startup::kVersion3:
            in_startup_ = false;
            front_.set_header_size(kHeader);
            login_ = front_.begin();
            request_bytes_ = front_.bytes();
            return;
    }
    __builtin_unreachable();
}

// Null if no more are kept.
Step* PostgresqlReader::push(StepKind kind, bool is_use) {
    if (steps_.full() && !overflowed_) overflow();
    if (!requests_) return nullptr;
    if (overflowed_) {
        if (is_use) steps_.lose_extra(LostReason::kTooManyOpen);
        if (kind == StepKind::kReady) ++ready_unkept_;
        return nullptr;
    }
    asks_ahead_ |= steps_.ready_count() > 0;
    Step& step = steps_.push(kind, is_use, front_.begin());
    step.request_bytes = request_bytes_;  // of a Parse too: it is a use if it fails
    if (is_use) request_bytes_ = 0;
    return &step;
}

void PostgresqlReader::push_statement(std::string_view text, bool truncated) {
    Step* step = push(StepKind::kStatement, true);
    if (step == nullptr) return;
    const sql::StatementName name = sql::name_statement(text, sql::Dialect::kStandard, name_buffer_, truncated);
    step->name.set(name.operation, name.collection);
}

void PostgresqlReader::take_query(std::string_view text, bool truncated) {
    meet_request();
    text = take_string(text);
    std::string_view statement = sql::next_statement(text, sql::Dialect::kStandard);
    push_statement(statement, truncated && text.empty());  // of no statement too: it has an answer
    while (!text.empty()) {
        statement = sql::next_statement(text, sql::Dialect::kStandard);
        if (statement.empty()) break;
        push_statement(statement, truncated && text.empty());
    }
    if (Step* ready = push(StepKind::kReady, false)) ready->of_query = true;
    request_bytes_ = 0;
}

void PostgresqlReader::take_parse(std::string_view body, bool truncated) {
    meet_request();
    const std::string_view statement = take_string(body);
    const bool whole = !truncated || body.find('\0') != std::string_view::npos;
    const std::string_view text = take_string(body);
    const sql::StatementName name = sql::name_statement(text, sql::Dialect::kStandard, name_buffer_, !whole);
    statements_.prepare(statement, name.operation, name.collection);
    if (Step* step = push(StepKind::kParse, false)) step->name.set(name.operation, name.collection);
}

void PostgresqlReader::take_bind(std::string_view body) {
    meet_request();
    const std::string_view portal = take_string(body);
    const std::string_view statement = take_string(body);
    statements_.bind(portal, statement);
    if (Step* step = push(StepKind::kBind, false)) step->name.set(statements_.statement(statement));
}

void PostgresqlReader::take_described(char type, std::string_view body) {
    meet_request();
    const bool of_portal = body.substr(0, 1) == "P";
    body.remove_prefix(std::min<std::size_t>(1, body.size()));
    const std::string_view name = take_string(body);
    Step* step = push(type == 'C' ? StepKind::kClose : StepKind::kDescribe, false);
    if (step == nullptr) return;
    const Statements::Portal* portal = of_portal ? statements_.portal(name) : nullptr;
    if (portal != nullptr) {
        step->name.set(portal->name);
    } else {
        step->name.set(of_portal ? statements_.unknown() : statements_.statement(name));
    }
    if (type == 'C') of_portal ? statements_.close_portal(name) : statements_.close_statement(name);
}

void PostgresqlReader::take_execute(std::string_view body) {
    meet_request();
    Statements::Portal* portal = statements_.portal(take_string(body));
    Step* step = push(StepKind::kExecute, portal == nullptr || !portal->executed);
    if (step != nullptr) step->name.set(portal == nullptr ? statements_.unknown() : portal->name);
    if (portal != nullptr) portal->executed = true;
}

void PostgresqlReader::take_function_call() {
    meet_request();
    if (Step* step = push(StepKind::kFunctionCall, true)) step->name.set("FUNCTION_CALL", {});
    push(StepKind::kReady, false);
}

// While it takes the data of a COPY, the server ignores it.
void PostgresqlReader::take_sync() {
    request_bytes_ = 0;
    skipping_ = false;
    if (!copy_in_) push(StepKind::kReady, false);
}

}  // namespace footfall::postgresql
