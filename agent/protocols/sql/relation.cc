#include "agent/protocols/sql/relation.h"

#include <algorithm>

namespace footfall::sql {
namespace {

constexpr std::size_t kBytesLimit = 64;  // of one part

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }
char to_lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte; }

std::string_view without_cut_character(std::string_view text) {
    constexpr unsigned kContinuationMask = 0xC0;
    constexpr unsigned kContinuation = 0x80;
    if (text.size() <= kBytesLimit) return text;
    std::size_t size = kBytesLimit;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & kContinuationMask) == kContinuation) --size;
    return text.substr(0, size);
}

std::size_t digits_at(std::string_view text, std::size_t position) {
    std::size_t end = position;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end - position;
}

void append_part(const Token& part, bool folds, std::string& out) {
    const std::string_view text = without_cut_character(part.text);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char byte = text[i];
        const std::size_t digits = digits_at(text, i);
        if (digits >= 2) {
            out += "{n}";
            i += digits - 1;
            continue;
        }
        out += is_control(byte) ? '?' : folds ? to_lower(byte) : byte;
        if (byte == part.quote && part.quote != 0) ++i;  // it stands there twice
    }
}

}  // namespace

void append_name(const Relation& relation, Dialect dialect, std::string& out) {
    for (std::size_t i = 0; i < relation.count; ++i) {
        const Token& part = relation.parts[i];
        if (i > 0) out += '.';
        append_part(part, dialect == Dialect::kStandard && part.quote == 0, out);
    }
}

// Cases are not told apart: a table that is taken for another one's name has none, which is not wrong.
bool same_name(const Token& left, const Token& right) {
    return std::equal(left.text.begin(), left.text.end(), right.text.begin(), right.text.end(),
                      [](char a, char b) { return to_lower(a) == to_lower(b); });
}

}  // namespace footfall::sql
