// What clients ask for (commands.def), and where the SQL text of a query begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall::mysql {

enum class Command : std::uint8_t {
#define FOOTFALL_MYSQL_COMMAND(number, enumerator, name, answer) enumerator = (number),
#include "agent/protocols/mysql/commands.def"
#undef FOOTFALL_MYSQL_COMMAND
};

// What comes back: the packets until the command is done.
enum class Answer : std::uint8_t {
    kNone,
    kOnePacket,
    kResult,          // OK, or a set of rows with its columns in front, or a request for a file; several of them
    kRows,            // rows or columns, until EOF
    kPrepared,        // the statement's number, its parameters and columns
    kAuthentication,  // it goes back and forth until OK
    kStream,          // without end: a replica's
};

std::optional<Command> command_of(std::uint8_t number);
Answer answer_to(Command command);
std::string_view name_of(Command command);

// Whether these may be the first bytes of a command whose packet is `length` bytes long, for streams that are met in their
// middle: stricter than servers are.
bool may_begin_command(std::string_view bytes, std::uint32_t length);

// The SQL text of COM_QUERY; body is what was kept of the packet. Query attributes (MySQL 8.0.23) stand in front of it, and
// are told from text by their first byte, which no text begins with. Empty: the text does not begin in what was kept.
std::string_view query_text(std::string_view body);

}  // namespace footfall::mysql
