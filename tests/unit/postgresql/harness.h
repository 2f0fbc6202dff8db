// PostgreSQL's messages, as its manual writes them, and a connection that is fed with them.
#pragma once

#include <string>
#include <string_view>

#include "agent/protocols/postgresql/postgresql_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::postgresql {

using namespace std::string_literals;
using namespace std::string_view_literals;

using Wire = WireOf<PostgresqlReader>;

inline std::string u32(std::uint32_t value) {
    return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U & 0xFFU), static_cast<char>(value >> 8U & 0xFFU),
            static_cast<char>(value & 0xFFU)};
}
inline std::string u16(std::uint32_t value) { return u32(value).substr(2); }
inline std::string text0(std::string_view text) { return std::string(text) + '\0'; }
inline std::string message(char type, std::string_view body = {}) {
    return type + u32(static_cast<std::uint32_t>(body.size()) + 4) + std::string(body);
}

// The client's.
inline std::string startup_code(std::uint32_t code, std::string_view body = {}) {
    return u32(static_cast<std::uint32_t>(body.size()) + 8) + u32(code) + std::string(body);
}
inline std::string startup() { return startup_code(196608, "user\0postgres\0\0"sv); }
inline std::string ssl_request() { return startup_code(80877103); }
inline std::string cancel_request() { return startup_code(80877102, "\0\0\1\2\3\4\5\6"sv); }
inline std::string query(std::string_view text) { return message('Q', text0(text)); }
inline std::string parse(std::string_view statement, std::string_view text) {
    return message('P', text0(statement) + text0(text) + u16(0));
}
inline std::string bind_portal(std::string_view portal, std::string_view statement) {
    return message('B', text0(portal) + text0(statement) + u16(0) + u16(1) + u32(2) + "42" + u16(0));
}
inline std::string describe_portal(std::string_view portal) { return message('D', "P" + text0(portal)); }
inline std::string describe_statement(std::string_view statement) { return message('D', "S" + text0(statement)); }
inline std::string execute(std::string_view portal = {}, std::uint32_t rows = 0) {
    return message('E', text0(portal) + u32(rows));
}
inline std::string sync() { return message('S'); }
// What libpq sends for one prepared statement.
inline std::string run(std::string_view statement) {
    return bind_portal("", statement) + describe_portal("") + execute() + sync();
}

// The server's.
inline std::string ready(char state = 'I') { return message('Z', std::string(1, state)); }
inline std::string greeting() {
    return message('R', u32(0)) +
           message('S',
                   "server_version\0"
                   "15.18\0"sv) +
           message('K', u32(7) + u32(8)) + ready();
}
inline std::string completed(std::string_view tag) { return message('C', text0(tag)); }
inline std::string row(std::string_view value = "42") {
    return message('D', u16(1) + u32(static_cast<std::uint32_t>(value.size())) + std::string(value));
}
inline std::string described() {
    return message('T', u16(1) + "id\0"s + u32(0) + u16(0) + u32(23) + u16(4) + u32(0) + u16(0));
}
inline std::string selected(std::string_view tag = "SELECT 1") { return described() + row() + completed(tag); }
inline std::string failed(std::string_view sqlstate = "42P01") {
    return message('E', "SERROR\0VERROR\0C"s + text0(sqlstate) + "Mrelation does not exist\0\0"s);
}
inline const std::string kParsed = message('1');
inline const std::string kBound = message('2');
inline const std::string kNoData = message('n');

// A server's connection that has logged in, or one that footfall met later.
struct Session : Wire {
    explicit Session(bool late = false) : Wire(late) {
        if (late) return;
        received(startup());
        sent(greeting());
    }
};

}  // namespace footfall::postgresql
