#include "agent/protocols/sql/lexer.h"

#include <array>

namespace footfall::sql {
namespace {

enum Class : std::uint8_t { kOther, kSpace, kLetter, kDigit };

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (const char space : {' ', '\t', '\n', '\r', '\f', '\v', '\0'}) classes[static_cast<unsigned char>(space)] = kSpace;
    for (unsigned byte = 'a'; byte <= 'z'; ++byte) classes[byte] = classes[byte - 'a' + 'A'] = kLetter;
    for (unsigned byte = '0'; byte <= '9'; ++byte) classes[byte] = kDigit;
    for (unsigned byte = 0x80; byte < 256; ++byte) classes[byte] = kLetter;
    classes['_'] = kLetter;
    return classes;
}

constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

std::uint8_t class_of(char byte) { return kClasses[static_cast<unsigned char>(byte)]; }
bool is_word_byte(char byte) { return class_of(byte) >= kLetter || byte == '$'; }

}  // namespace

Token Lexer::next() {
    if (!skip_space()) return unfinished();
    if (position_ >= text_.size()) return {};
    const char first = text_[position_];
    const char second = at(position_ + 1);
    const bool mysql = dialect_ == Dialect::kMysql;
    switch (first) {
        case '\'':
            return string(position_ + 1, mysql);
        case '"':
            return mysql ? string(position_ + 1, true) : quoted_name(position_ + 1, TokenKind::kQuoted);
        case '`':
            return mysql ? quoted_name(position_ + 1, TokenKind::kQuoted) : symbol();
        case '$':
            if (mysql) return word();
            if (second == '$' || class_of(second) == kLetter) return dollar_string();
            return class_of(second) == kDigit ? number() : symbol();
        case 'e':
        case 'E':
            return second == '\'' ? escape_string() : word();
        case 'b':
        case 'B':
        case 'n':
        case 'N':
        case 'x':
        case 'X':
            return second == '\'' ? string(position_ + 2, mysql) : word();
        case 'u':
        case 'U':
            if (second == '&' && at(position_ + 2) == '\'') return string(position_ + 3, false);
            if (second == '&' && at(position_ + 2) == '"') return quoted_name(position_ + 3, TokenKind::kQuotedUnicode);
            return word();
        default:
            break;
    }
    if (class_of(first) == kLetter) return word();
    return class_of(first) == kDigit ? number() : symbol();
}

// False if the text ends within a comment.
bool Lexer::skip_space() {
    while (position_ < text_.size()) {
        const char byte = text_[position_];
        if (class_of(byte) == kSpace) {
            ++position_;
        } else if (begins_line_comment()) {
            const std::size_t end = text_.find('\n', position_);
            if (end == std::string_view::npos) return position_ = text_.size(), true;
            position_ = end + 1;
        } else if (byte == '/' && at(position_ + 1) == '*') {
            if (!skip_comment()) return false;
        } else if (in_code_comment_ && byte == '*' && at(position_ + 1) == '/') {
            in_code_comment_ = false;
            position_ += 2;
        } else {
            return true;
        }
    }
    return true;
}

bool Lexer::begins_line_comment() const {
    const char byte = text_[position_];
    if (byte == '#') return dialect_ == Dialect::kMysql;
    if (byte != '-' || at(position_ + 1) != '-') return false;
    return dialect_ != Dialect::kMysql || class_of(at(position_ + 2)) == kSpace;
}

bool Lexer::skip_comment() {
    position_ += 2;
    if (dialect_ == Dialect::kMysql && at(position_) == '!') {
        in_code_comment_ = true;
        ++position_;
        while (class_of(at(position_)) == kDigit) ++position_;
        return true;
    }
    for (int depth = 1; depth > 0; position_ += 2) {
        position_ = text_.find_first_of("*/", position_);
        if (position_ == std::string_view::npos || position_ + 1 >= text_.size()) return position_ = text_.size(), false;
        const char first = text_[position_];
        const char second = text_[position_ + 1];
        if (first == '*' && second == '/') {
            --depth;
        } else if (first == '/' && second == '*' && dialect_ != Dialect::kMysql) {
            ++depth;
        } else {
            --position_;  // one byte forward, not two
        }
    }
    return true;
}

Token Lexer::unfinished() {
    position_ = text_.size();
    return {TokenKind::kUnfinished, Keyword::kNone, 0, {}};
}

Token Lexer::word() {
    const std::size_t begin = position_;
    while (position_ < text_.size() && is_word_byte(text_[position_])) ++position_;
    const std::string_view text = text_.substr(begin, position_ - begin);
    return {TokenKind::kWord, keyword_of(text), 0, text};
}

// Wide enough for 1.5e-3 (whose sign becomes a symbol), 0xff and 1_000; a parameter ($1) is one too.
Token Lexer::number() {
    const std::size_t begin = position_++;
    bool is_name = false;
    bool has_dot = false;
    for (; position_ < text_.size(); ++position_) {
        const char byte = text_[position_];
        has_dot = has_dot || byte == '.';
        is_name = is_name || class_of(byte) == kLetter;
        if (!is_word_byte(byte) && byte != '.') break;
    }
    const std::string_view text = text_.substr(begin, position_ - begin);
    if (dialect_ == Dialect::kMysql && is_name && !has_dot) return {TokenKind::kWord, Keyword::kNone, 0, text};
    return {TokenKind::kValue, Keyword::kNone, 0, text};
}

Token Lexer::symbol() { return {TokenKind::kSymbol, Keyword::kNone, 0, text_.substr(position_++, 1)}; }

// The position of the quote that closes, npos if there is none. begin is behind the one that opens.
std::size_t Lexer::end_of_quote(std::size_t begin, bool escapes) const {
    const char quote = text_[begin - 1];
    const char stops[] = {quote, escapes ? '\\' : quote};
    std::size_t position = begin;
    while (true) {
        position = text_.find_first_of({stops, 2}, position);
        if (position == std::string_view::npos) return position;
        if (text_[position] == quote && at(position + 1) != quote) return position;
        position += 2;
    }
}

// Whether a backslash escapes in a plain string is a setting (PostgreSQL's standard_conforming_strings, MySQL's sql_mode
// NO_BACKSLASH_ESCAPES). Where the string's end depends on it, what follows may be the string's own text.
bool Lexer::is_sure(std::size_t begin, std::size_t end, bool escapes) const {
    return text_.substr(begin, end - begin).find('\\') == std::string_view::npos || end == end_of_quote(begin, !escapes);
}

Token Lexer::string(std::size_t begin, bool escapes) {
    const std::size_t end = end_of_quote(begin, escapes);
    if (end == std::string_view::npos || (in_doubt_ == InDoubt::kStop && !is_sure(begin, end, escapes))) return unfinished();
    position_ = end + 1;
    return {TokenKind::kValue, Keyword::kNone, 0, {}};
}

// E'…', where it is sure.
Token Lexer::escape_string() {
    const std::size_t end = end_of_quote(position_ + 2, true);
    if (end == std::string_view::npos) return unfinished();
    position_ = end + 1;
    return {TokenKind::kValue, Keyword::kNone, 0, {}};
}

Token Lexer::dollar_string() {
    std::size_t end = position_ + 1;
    while (class_of(at(end)) >= kLetter) ++end;
    if (end >= text_.size()) return unfinished();
    if (text_[end] != '$') return symbol();
    const std::string_view tag = text_.substr(position_, end + 1 - position_);
    const std::size_t close = text_.find(tag, end + 1);
    if (close == std::string_view::npos) return unfinished();
    position_ = close + tag.size();
    return {TokenKind::kValue, Keyword::kNone, 0, {}};
}

Token Lexer::quoted_name(std::size_t begin, TokenKind kind) {
    const std::size_t end = end_of_quote(begin, false);
    if (end == std::string_view::npos) return unfinished();
    position_ = end + 1;
    return {kind, Keyword::kNone, text_[end], text_.substr(begin, end - begin)};
}

}  // namespace footfall::sql
