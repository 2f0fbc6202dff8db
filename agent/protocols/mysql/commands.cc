#include "agent/protocols/mysql/commands.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "agent/protocols/mysql/wire.h"

namespace footfall::mysql {
namespace {

constexpr std::uint64_t kAttributesMost = 64;
constexpr std::size_t kTextLooked = 28;  // bytes of a text that are looked at to tell it from other bytes

// Types of parameters, as the binary protocol sends them: how many bytes a value takes.
void skip_value(Fields& fields, std::uint64_t type) {
    switch (type) {
        case 0x06:  // NULL
            return;
        case 0x01:  // TINY
            return fields.skip(1);
        case 0x02:  // SHORT
        case 0x0D:  // YEAR
            return fields.skip(2);
        case 0x03:  // LONG
        case 0x04:  // FLOAT
        case 0x09:  // INT24
            return fields.skip(4);
        case 0x05:  // DOUBLE
        case 0x08:  // LONGLONG
            return fields.skip(8);
        default:  // strings; and dates and times, which have one byte of length
            return fields.skip(fields.length_encoded());
    }
}

// Behind the two counts: which values are NULL, types and names of all, the values.
void skip_attributes(Fields& fields, std::uint64_t count) {
    const std::string_view nulls = fields.text((count + 7) / 8);
    fields.skip(1);  // types follow
    Fields types = fields;
    for (std::uint64_t i = 0; i < count; ++i) {
        fields.skip(2);
        fields.skip(fields.length_encoded());
    }
    for (std::uint64_t i = 0; i < count && fields.ok(); ++i) {
        const std::uint64_t type = types.integer(2) & 0xFF;  // above it: whether it is unsigned
        types.skip(types.length_encoded());
        if ((static_cast<std::uint8_t>(nulls[i / 8]) >> (i % 8) & 1U) == 0) skip_value(fields, type);
    }
}

bool is_text_byte(char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return (byte >= ' ' && byte != 0x7F) || byte == '\t' || byte == '\n' || byte == '\r';
}

bool begins_statement(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view(" \t\r\n(/-#{;").find(c) != std::string_view::npos;
}

bool may_be_text(std::string_view text) {
    text = text.substr(0, kTextLooked);
    return !text.empty() && begins_statement(text.front()) && std::ranges::all_of(text, is_text_byte);
}

bool may_be_query(std::string_view body) {
    const bool attributes = !body.empty() && static_cast<std::uint8_t>(body.front()) <= kAttributesMost &&
                            body.substr(1, 1) == std::string_view("\1", 1) && body.size() > 2;
    return attributes || may_be_text(body);
}

constexpr std::size_t kNumbers = 256;  // that a byte may have

}  // namespace

std::optional<Command> command_of(std::uint8_t number) {
    switch (number) {
#define FOOTFALL_MYSQL_COMMAND(number, enumerator, name, answer) \
    case number:                                                 \
        return Command::enumerator;
#include "agent/protocols/mysql/commands.def"
#undef FOOTFALL_MYSQL_COMMAND
        default:
            return std::nullopt;
    }
}

Answer answer_to(Command command) {
    static constexpr std::array kAnswers = [] {
        std::array<Answer, kNumbers> answers{};
#define FOOTFALL_MYSQL_COMMAND(number, enumerator, name, answer) answers[number] = Answer::answer;
#include "agent/protocols/mysql/commands.def"
#undef FOOTFALL_MYSQL_COMMAND
        return answers;
    }();
    return kAnswers[static_cast<std::uint8_t>(command)];
}

std::string_view name_of(Command command) {
    static constexpr std::array kCommandNames = [] {
        std::array<std::string_view, kNumbers> names{};
#define FOOTFALL_MYSQL_COMMAND(number, enumerator, name, answer) names[number] = name;
#include "agent/protocols/mysql/commands.def"
#undef FOOTFALL_MYSQL_COMMAND
        return names;
    }();
    return kCommandNames[static_cast<std::uint8_t>(command)];
}

bool may_begin_command(std::string_view bytes, std::uint32_t length) {
    constexpr std::uint32_t kExecuteLeast = 10;
    constexpr std::uint32_t kOneStatement = 5;
    if (bytes.empty()) return false;
    const std::optional<Command> command = command_of(static_cast<std::uint8_t>(bytes.front()));
    if (!command) return false;
    switch (*command) {
        case Command::kQuery:
            return may_be_query(bytes.substr(1));
        case Command::kStatementPrepare:
        case Command::kInitDb:
        case Command::kCreateDb:
        case Command::kDropDb:
            return may_be_text(bytes.substr(1));
        case Command::kQuit:
        case Command::kStatistics:
        case Command::kProcessInfo:
        case Command::kDebug:
        case Command::kPing:
        case Command::kResetConnection:
            return length == 1;
        case Command::kRefresh:
        case Command::kShutdown:
            return length <= 2;
        case Command::kSetOption:
            return length == 3;
        case Command::kProcessKill:
        case Command::kStatementClose:
        case Command::kStatementReset:
            return length == kOneStatement;
        case Command::kStatementFetch:
            return length == kOneStatement + 4;
        case Command::kStatementExecute:
            return length >= kExecuteLeast &&
                   (bytes.size() < kExecuteLeast || bytes.substr(6, 4) == std::string_view("\1\0\0\0", 4));
        case Command::kStatementBulkExecute:
            return length > kOneStatement + 2;
        case Command::kStatementLongData:
            return length > kOneStatement + 1;
        case Command::kFieldList:
        case Command::kChangeUser:
            return length > 2 && bytes.size() > 1 && is_text_byte(bytes[1]);
        case Command::kBinlogDump:
        case Command::kBinlogDumpGtid:
        case Command::kRegisterReplica:
            return length > kExecuteLeast;
        case Command::kTableDump:
        case Command::kClone:
        case Command::kSubscribeGroup:
            return false;
    }
    __builtin_unreachable();
}

std::string_view query_text(std::string_view body) {
    if (body.empty() || static_cast<std::uint8_t>(body.front()) > kAttributesMost || is_text_byte(body.front())) return body;
    Fields fields(body);
    const std::uint64_t count = fields.integer(1);
    if (fields.integer(1) != 1) return body;  // sets of them: always one
    if (count > 0) skip_attributes(fields, count);
    return fields.rest();
}

}  // namespace footfall::mysql
