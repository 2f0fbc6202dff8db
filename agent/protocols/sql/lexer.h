// Cuts SQL text into tokens, of several dialects and however broken it is. One pass; every byte costs the same.
//
// Comments and white space are no tokens. Tokens point into the text. What ends in the middle of a quote or a comment ends
// with kUnfinished, which stays the last token; so does, if that is wanted, what follows a string whose end depends on
// a setting of the server.
// Rules: PostgreSQL manual, "Lexical Structure" (nested comments, E'', U&"", dollar quotes); MySQL manual, "Language
// Structure" (# and --␠ comments, /*! code */, backslash escapes, backticks, names that begin with a digit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/protocols/sql/keywords.h"
#include "agent/protocols/sql/statement_name.h"

namespace footfall::sql {

enum class TokenKind : std::uint8_t {
    kEnd,
    kUnfinished,
    kWord,           // a keyword, or a name without quotes
    kQuoted,         // a name in quotes: text is what is between them, doubled quotes as they stand
    kQuotedUnicode,  // the same, U&"…": may hold escapes
    kValue,          // a string or a number
    kSymbol,         // one byte of anything else
};

struct Token {
    TokenKind kind = TokenKind::kEnd;
    Keyword keyword = Keyword::kNone;  // of a word
    char quote = 0;                    // of a quoted name
    std::string_view text;

    [[nodiscard]] bool is(char symbol) const { return kind == TokenKind::kSymbol && text.front() == symbol; }
    [[nodiscard]] bool is_end() const { return kind == TokenKind::kEnd || kind == TokenKind::kUnfinished; }
    [[nodiscard]] bool is_name() const {
        return kind == TokenKind::kWord || kind == TokenKind::kQuoted || kind == TokenKind::kQuotedUnicode;
    }
};

enum class InDoubt : std::uint8_t { kGoOn, kStop };

class Lexer {
public:
    Lexer(std::string_view text, Dialect dialect, InDoubt in_doubt = InDoubt::kGoOn)
        : text_(text), dialect_(dialect), in_doubt_(in_doubt) {}

    Token next();
    [[nodiscard]] std::size_t position() const { return position_; }  // behind the last token

private:
    [[nodiscard]] char at(std::size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
    bool skip_space();
    bool skip_comment();
    [[nodiscard]] bool begins_line_comment() const;
    Token unfinished();
    Token word();
    Token number();
    Token symbol();
    Token string(std::size_t begin, bool escapes);
    Token escape_string();
    [[nodiscard]] bool is_sure(std::size_t begin, std::size_t end, bool escapes) const;
    Token dollar_string();
    Token quoted_name(std::size_t begin, TokenKind kind);
    [[nodiscard]] std::size_t end_of_quote(std::size_t begin, bool escapes) const;

    std::string_view text_;
    Dialect dialect_;
    InDoubt in_doubt_;
    std::size_t position_ = 0;
    bool in_code_comment_ = false;  // MySQL: between /*! and */
};

}  // namespace footfall::sql
