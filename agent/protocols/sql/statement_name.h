// Names a SQL statement by what it does and to which table, without anything else that it says: "SELECT" "public.orders".
// It takes any text: of another dialect, cut off at any byte, hostile; in one pass, and without allocating once the buffer
// is warm.
//
//   operation   one of a closed list, in upper case: the verb, with the type of object for CREATE, ALTER and DROP
//               ("CREATE TABLE"; the verb alone where the type is not known). TABLE t and VALUES are SELECT, END is COMMIT
//               and ABORT is ROLLBACK, as PostgreSQL's command tags have it. WITH is named by the verb behind it (WITH if
//               the text ends before).
//               "_OTHER": no statement that is known.
//   collection  the first table that the statement itself works on: of INSERT, UPDATE, DELETE, MERGE, COPY … the target; of
//   a
//               query the first one in its own FROM, a sub-select there included; only if that has none, the first one of
//               any sub-select in it (SELECT EXISTS (SELECT … FROM t)). Functions and names that WITH made are no tables. Of
//               EXPLAIN, PREPARE … AS, DECLARE … FOR: that of the statement within. Of CALL: the procedure. Views, foreign
//               tables and sequences count as tables; indexes, triggers and policies belong to theirs.
//               Empty where there is none, and where the text ends before it is known; or where a string stands before it
//               whose end depends on whether the server lets a backslash escape a quote: no text of a string is a name.
//
// Names are few: quotes are taken off, letters without quotes are folded to lower case (not MySQL's, which may tell cases
// apart), each part is cut to 64 bytes, control characters become '?', and each run of two or more digits becomes "{n}", so
// that partitions share one name: events_2024_05 is events_{n}_{n}, part_7 stays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace footfall::sql {

enum class Dialect : std::uint8_t {
    kStandard,  // "…" is a name: PostgreSQL, CQL
    kMysql,     // `…` is a name, "…" a string; # comments, backslash escapes, /*! code */
};

struct StatementName {
    std::string_view operation;
    std::string_view collection;
};

// truncated: the text goes on where it can't be seen, so that its last word may be half a word. The views point into
// `buffer` or to static text, and are valid until buffer changes.
StatementName name_statement(std::string_view text, Dialect dialect, std::string& buffer, bool truncated = false);

// Takes the next statement off the front of a text of several, without the semicolon. Empty: there is none left. Semicolons
// in quotes, comments, parentheses and bodies (BEGIN ATOMIC … END) separate nothing; empty statements are passed over.
std::string_view next_statement(std::string_view& text, Dialect dialect);

}  // namespace footfall::sql
