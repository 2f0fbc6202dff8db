#include "agent/usage/segment_kind.h"

#include <algorithm>
#include <cstdint>

namespace footfall {
namespace {

constexpr std::size_t kLongestName = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <typename Predicate>
bool all(std::string_view text, Predicate predicate) {
    return std::all_of(text.begin(), text.end(), predicate);
}
template <typename Predicate>
std::size_t count(std::string_view text, Predicate predicate) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), predicate));
}

bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && all(text, is_digit);
}

bool is_uuid(std::string_view text) {
    static constexpr std::string_view kShape = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
    return std::equal(text.begin(), text.end(), kShape.begin(), kShape.end(),
                      [](char c, char shape) { return shape == 'h' ? is_hex(c) : c == shape; });
}

int two_digits(std::string_view text) { return (text[0] - '0') * 10 + text[1] - '0'; }

// YYYY-MM, YYYY-MM-DD (also with . or _), and the latter with a time after it.
bool is_date(std::string_view text) {
    static constexpr std::size_t kMonthOnly = 7;
    static constexpr std::size_t kDay = 10;
    if (text.size() < kMonthOnly || !all(text.substr(0, 4), is_digit) || !all(text.substr(5, 2), is_digit)) return false;
    const int century = two_digits(text);
    const int month = two_digits(text.substr(5));
    const char separator = text[4];
    if (century < 19 || century > 21 || month < 1 || month > 12) return false;
    if (text.size() == kMonthOnly) return separator == '-';
    if (separator != '-' && separator != '.' && separator != '_') return false;
    if (text.size() < kDay || text[kMonthOnly] != separator || !all(text.substr(8, 2), is_digit)) return false;
    const int day = two_digits(text.substr(8));
    if (day < 1 || day > 31) return false;
    if (text.size() == kDay) return true;
    static constexpr std::string_view kBeforeTime = "Tt_+%";
    return text.size() > kDay + 1 && kBeforeTime.find(text[kDay]) != std::string_view::npos && is_digit(text[kDay + 1]);
}

bool is_hex_hash(std::string_view text, std::size_t shortest_mixed) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    if (!all(text, is_hex)) return false;
    static constexpr std::size_t kSurelyNoWord = 16;
    if (text.size() >= kSurelyNoWord) return true;
    const std::size_t digits = count(text, is_digit);
    return text.size() >= shortest_mixed && digits >= 2 && digits < text.size();
}

enum class CharacterClass : std::uint8_t { kLower, kUpper, kDigit, kSeparator, kOther };

CharacterClass class_of(char c) {
    if (is_lower(c)) return CharacterClass::kLower;
    if (is_upper(c)) return CharacterClass::kUpper;
    if (is_digit(c)) return CharacterClass::kDigit;
    return c == '-' || c == '_' ? CharacterClass::kSeparator : CharacterClass::kOther;
}

// What a text is made of. in_words are the characters in runs of three or more small letters that can be spoken: more than
// half of getS3BucketById, none of dQw4w9WgXcQ or of 5fecbcfbb050.
struct Mixture {
    std::size_t lower = 0;
    std::size_t upper = 0;
    std::size_t digits = 0;
    std::size_t separators = 0;
    std::size_t others = 0;
    std::size_t runs = 0;  // those of separators left out
    std::size_t digit_runs = 0;
    std::size_t in_words = 0;
};

// No English word has more than five consonants in a row (lengths, catchphrase); two or three alone may be an abbreviation.
bool is_spoken(std::string_view letters) {
    static constexpr std::string_view kVowels = "aeiouy";
    static constexpr std::size_t kShortestWord = 3;
    static constexpr std::size_t kMostConsonants = 5;
    std::size_t consonants = 0;
    for (const char c : letters) {
        consonants = kVowels.find(c) == std::string_view::npos ? consonants + 1 : 0;
        if (consonants > kMostConsonants) return false;
    }
    return letters.size() >= kShortestWord;
}

void add_run(Mixture& mixture, CharacterClass kind, std::string_view run) {
    const std::size_t length = run.size();
    mixture.runs += kind == CharacterClass::kSeparator ? 0 : 1;
    switch (kind) {
        case CharacterClass::kLower:
            mixture.lower += length;
            mixture.in_words += is_spoken(run) ? length : 0;
            break;
        case CharacterClass::kUpper:
            mixture.upper += length;
            break;
        case CharacterClass::kDigit:
            mixture.digits += length;
            ++mixture.digit_runs;
            break;
        case CharacterClass::kSeparator:
            mixture.separators += length;
            break;
        case CharacterClass::kOther:
            mixture.others += length;
            break;
    }
}

Mixture mixture_of(std::string_view text) {
    Mixture mixture;
    for (std::size_t begin = 0; begin < text.size();) {
        const CharacterClass kind = class_of(text[begin]);
        std::size_t end = begin + 1;
        while (end < text.size() && class_of(text[end]) == kind) ++end;
        add_run(mixture, kind, text.substr(begin, end - begin));
        begin = end;
    }
    return mixture;
}

// A long text that changes its class at every other character, as names do not: tells base64 without digits, or with more
// separators than usual.
bool is_restless(const Mixture& mixture, std::size_t size) {
    static constexpr std::size_t kShortest = 20;
    return size >= kShortest && mixture.separators <= 1 + size / 10 && mixture.runs * 100 >= size * 55;
}

// The thresholds lie between the names of real APIs and random base64, base62 and base36 text (route_heuristic_test).
bool is_token(std::string_view text, std::size_t shortest) {
    static constexpr std::size_t kShortestPadded = 12;
    static constexpr std::size_t kShortestOfOneCase = 16;
    const std::string_view body = text.substr(0, text.find_last_not_of('=') + 1);
    if (body.size() < shortest) return false;
    const Mixture mixture = mixture_of(body);
    if (mixture.others != 0) return false;
    if (body.size() < text.size()) return text.size() >= kShortestPadded;
    if (mixture.lower != 0 && mixture.upper != 0) {
        const std::size_t most_in_words = mixture.digit_runs >= 3 ? 50 : 34;  // percent
        if (mixture.in_words * 100 >= body.size() * most_in_words) return false;
        return (mixture.digits != 0 && mixture.separators <= 1 + body.size() / 16) || is_restless(mixture, body.size());
    }
    return mixture.separators == 0 && body.size() >= kShortestOfOneCase && mixture.digit_runs >= 3;
}

bool is_percent_heavy(std::string_view text) {
    const std::size_t escapes = count(text, [](char c) { return c == '%'; });
    return escapes >= 3 || (escapes > 0 && escapes * 9 >= text.size());
}

bool is_mail_like(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at != std::string_view::npos && at > 0 && at + 1 < text.size()) return true;
    const std::size_t encoded = text.find("%40");
    return encoded != std::string_view::npos && encoded > 0;
}

// 2.0, 1.2.3: two or three numbers of at most two digits.
bool is_version(std::string_view text) {
    std::size_t digits = 0;
    std::size_t dots = 0;
    for (const char c : text) {
        digits = c == '.' ? 0 : digits + 1;
        dots += c == '.';
        if ((c != '.' && !is_digit(c)) || digits > 2) return false;
    }
    return is_digit(text.front()) && is_digit(text.back()) && dots >= 1 && dots <= 2;
}

// Lists of numbers, ranges, coordinates, IP addresses.
bool is_figures(std::string_view text) {
    static constexpr std::string_view kMarks = ".,+-:_";
    const auto fits = [&](char c) { return is_digit(c) || kMarks.find(c) != std::string_view::npos; };
    return all(text, fits) && count(text, is_digit) != 0;
}

constexpr std::size_t kShortestHex = 8;
constexpr std::size_t kShortestHexOfFile = 6;
constexpr std::size_t kShortestToken = 10;
constexpr std::size_t kShortestTokenOfFile = 8;

bool is_value(std::string_view text) {
    return text.size() > kLongestName || text.find_first_of("{}") != std::string_view::npos || is_mail_like(text) ||
           is_percent_heavy(text);
}

}  // namespace

SegmentKind segment_kind(std::string_view segment) {
    if (segment.empty()) return SegmentKind::kName;
    if (is_number(segment)) return SegmentKind::kId;
    if (is_uuid(segment)) return SegmentKind::kUuid;
    if (is_date(segment)) return SegmentKind::kDate;
    if (is_hex_hash(segment, kShortestHex)) return SegmentKind::kHash;
    if (is_value(segment)) return SegmentKind::kValue;
    if (is_figures(segment)) return is_version(segment) ? SegmentKind::kName : SegmentKind::kValue;
    return is_token(segment, kShortestToken) ? SegmentKind::kHash : SegmentKind::kName;
}

bool is_file_hash(std::string_view part) {
    return is_hex_hash(part, kShortestHexOfFile) || is_token(part, kShortestTokenOfFile);
}

std::string_view placeholder(SegmentKind kind) {
    switch (kind) {
        case SegmentKind::kName:
            return {};
        case SegmentKind::kId:
            return "{id}";
        case SegmentKind::kUuid:
            return "{uuid}";
        case SegmentKind::kHash:
            return "{hash}";
        case SegmentKind::kDate:
            return "{date}";
        case SegmentKind::kValue:
            break;
    }
    return "{value}";
}

}  // namespace footfall
