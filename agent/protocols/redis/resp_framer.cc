#include "agent/protocols/redis/resp_framer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "agent/protocols/redis/resp_walk.h"

namespace footfall::redis {
namespace {

constexpr std::size_t kLineLimit = 65536;                       // Redis refuses longer ones (PROTO_INLINE_MAX_SIZE)
constexpr std::int64_t kLongestString = std::int64_t{1} << 40;  // proto-max-bulk-len may be raised from 512 MB
constexpr std::int64_t kMostValues = std::int64_t{1} << 32;
constexpr std::uint64_t kMostPending = std::uint64_t{1} << 48;
constexpr std::uint64_t kEndOfLine = 2;
constexpr std::string_view kBlanks = " \t\r";

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_letter(char byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'); }

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool is_big_number(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// The next line without its end, which is removed from bytes; none if it is not whole.
std::optional<std::string_view> whole_line(std::string_view& bytes) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + kEndOfLine);
    return line;
}

}  // namespace

RespFramer::Step RespFramer::advance(std::string_view& bytes, const Stamp& stamp) {
    while (!bytes.empty()) {
        if (!in_step()) {
            bytes = {};
            return Step::kMore;
        }
        if (between()) begin_message(stamp);
        last_ = stamp.time;
        if (between() && take_whole(bytes)) return Step::kMessage;
        const std::size_t before = bytes.size();
        const Step step = phase_ == Phase::kLine ? take_line(bytes) : take_string(bytes);
        bytes_ += before - bytes.size();
        if (step != Step::kMore) return step;
    }
    return Step::kMore;
}

RespFramer::Step RespFramer::skip(std::uint64_t& length, const Stamp& stamp) {
    if (!in_step() || length == 0) {
        length = 0;
        return Step::kMore;
    }
    if (phase_ != Phase::kString) {
        length = 0;
        lose();
        return Step::kGap;
    }
    const std::uint64_t piece = std::min(remaining_, length);
    length -= piece;
    remaining_ -= piece;
    bytes_ += piece;
    last_ = stamp.time;
    keeping_ = false;
    if (index_ < kWords) words_[index_].whole = false;
    return remaining_ == 0 ? end_value() : Step::kMore;
}

void RespFramer::start(Side side) {
    phase_ = Phase::kLine;
    side_ = side;
    opened_ = false;
    line_length_ = 0;
}

void RespFramer::begin_message(const Stamp& stamp) {
    begin_ = stamp;
    type_ = 0;
    index_ = pending_ = count_ = unbegun_ = bytes_ = 0;
    integer_ = 0;
    errors_full_ = false;
    errors_.clear();
    for (Word& word : words_) word.length = 0;
}

bool RespFramer::take_whole(std::string_view& bytes) {
    RespWalk walk(bytes);
    if (!(side_ == Side::kRequests ? walk_request(walk) : walk_reply(walk))) {
        begin_message(begin_);
        return false;
    }
    bytes_ = walk.passed();
    bytes.remove_prefix(walk.passed());
    return true;
}

// An array of strings, as every client library sends commands.
bool RespFramer::walk_request(RespWalk& walk) {
    if (!walk.is('*') || !walk.number(count_) || count_ == 0) return false;
    type_ = '*';
    std::string_view word;
    for (std::uint64_t i = 0; i < count_; ++i) {
        if (!walk.is('$') || !walk.string(word)) return false;
        keep(word);
        ++index_;
    }
    return true;
}

// A line, an integer or a string.
bool RespFramer::walk_reply(RespWalk& walk) {
    std::string_view text;
    std::uint64_t number = 0;
    type_ = walk.type();
    switch (type_) {
        case '+':
        case '-':
            if (!walk.line(text)) return false;
            break;
        case ':':
            if (!walk.number(number)) return false;
            integer_ = static_cast<std::int64_t>(number);
            return true;
        case '$':
            if (walk.is('-')) return walk.number(number) && number == 1;  // null
            if (!walk.string(text)) return false;
            break;
        default:
            return false;
    }
    keep(text);
    return true;
}

RespFramer::Step RespFramer::take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find('\n');
    const bool ends = end != std::string_view::npos;
    const std::string_view piece = bytes.substr(0, ends ? end : bytes.size());
    bytes.remove_prefix(ends ? end + 1 : bytes.size());
    if (ends && line_length_ == 0) {
        const bool as_due = piece.ends_with('\r');
        return on_line(piece.substr(0, piece.size() - (as_due ? 1 : 0)), as_due);
    }
    if (line_length_ < kLineKept) {
        std::memcpy(line_.data() + line_length_, piece.data(), std::min(piece.size(), kLineKept - line_length_));
    }
    if (!piece.empty()) last_byte_ = piece.back();
    line_length_ += static_cast<std::uint32_t>(piece.size());
    if (line_length_ > kLineLimit) return broken();
    if (!ends) return Step::kMore;
    const bool as_due = line_length_ > 0 && last_byte_ == '\r';
    const std::size_t length = line_length_ - (as_due ? 1 : 0);
    line_length_ = 0;
    return on_line({line_.data(), std::min(length, kLineKept)}, as_due);
}

RespFramer::Step RespFramer::take_string(std::string_view& bytes) {
    const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
    bytes.remove_prefix(piece.size());
    keep_piece(piece);
    remaining_ -= piece.size();
    if (remaining_ >= kEndOfLine) return Step::kMore;
    if (remaining_ == 1) return piece.back() == '\r' ? Step::kMore : broken();
    if (piece.back() != '\n' || (piece.size() > 1 && piece[piece.size() - 2] != '\r')) return broken();
    return end_value();
}

RespFramer::Step RespFramer::on_line(std::string_view line, bool ends_as_due) {
    if (side_ == Side::kRequests) return on_request_line(line, ends_as_due);
    return ends_as_due && !line.empty() ? on_reply_line(line) : broken();
}

RespFramer::Step RespFramer::on_request_line(std::string_view line, bool ends_as_due) {
    if (!opened_ && !line.starts_with('*')) return on_inline(line);
    const std::optional<std::int64_t> number = line.empty() ? std::nullopt : number_in(line.substr(1));
    if (!ends_as_due || !number || *number > kMostValues) return broken();
    if (opened_) return line.front() == '$' ? begin_string(line.substr(1)) : broken();
    if (*number <= 0) return Step::kMore;  // Redis looks over it and answers nothing
    type_ = '*';
    opened_ = true;
    count_ = pending_ = static_cast<std::uint64_t>(*number);
    return Step::kMore;
}

// Words may be quoted, which those of a command never are.
RespFramer::Step RespFramer::on_inline(std::string_view line) {
    if (line.find_first_not_of(kBlanks) == std::string_view::npos) return Step::kMore;  // nothing, which nothing answers
    type_ = kInline;
    while (index_ < kWords) {
        const std::size_t begin = line.find_first_not_of(kBlanks);
        if (begin == std::string_view::npos) break;
        line.remove_prefix(begin);
        const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
        if (index_ == 0 && !is_letter(word.front())) return broken();
        keep(word);
        line.remove_prefix(word.size());
        ++index_;
    }
    count_ = index_;
    return end_message();
}

RespFramer::Step RespFramer::on_reply_line(std::string_view line) {
    const bool outermost = !opened_;
    if (outermost) {
        type_ = line.front();
        opened_ = true;
        pending_ = 1;
    }
    return on_value(line.front(), line.substr(1), outermost);
}

RespFramer::Step RespFramer::on_value(char type, std::string_view text, bool outermost) {
    const bool is_next = pending_ == unbegun_ && !outermost && type != '|';  // of the outermost array's own values
    if (is_next) judge(type, text);
    switch (type) {
        case '+':
        case '-':
            keep(text);
            return end_value();
        case ':': {
            const std::optional<std::int64_t> number = number_in(text);
            if (!number) return broken();
            integer_ = *number;
            return end_value();
        }
        case '_':
            return text.empty() ? end_value() : broken();
        case '#':
            return text == "t" || text == "f" ? end_value() : broken();
        case ',':
            return text.empty() ? broken() : end_value();
        case '(':
            return is_big_number(text) ? end_value() : broken();
        case '$':
            return text == "-1" ? end_value() : begin_string(text);
        case '!':
        case '=':
            return begin_string(text);
        case '*':
        case '~':
        case '>':
        case '%':
        case '|':
            return on_aggregate(type, text, outermost);
        default:
            return broken();
    }
}

void RespFramer::judge(char type, std::string_view text) {
    const std::uint64_t index = count_ - unbegun_--;
    if (type != '-' && type != '!') return;
    errors_full_ = errors_.size() == kErrorsKept;
    if (errors_full_) return;
    errors_.push_back({.index = index, .text = {}});
    if (type == '-') errors_.back().text.keep(text);
}

std::uint64_t RespFramer::judged() const { return errors_full_ ? errors_.back().index + 1 : count_ - unbegun_; }

// An attribute comes in front of a value and is none; in front of a reply it is a message of its own here.
RespFramer::Step RespFramer::on_aggregate(char type, std::string_view number, bool outermost) {
    const std::optional<std::int64_t> length = number_in(number);
    if (type == '*' && length == -1) return end_value();
    if (!length || *length < 0 || *length > kMostValues) return broken();
    const std::uint64_t values = static_cast<std::uint64_t>(*length) * (type == '%' || type == '|' ? 2 : 1);
    pending_ += values;
    if (pending_ > kMostPending) return broken();
    if (type == '|' && !outermost) return Step::kMore;
    if (outermost) count_ = unbegun_ = values;
    if (!outermost) ++index_;
    return --pending_ == 0 ? end_message() : Step::kMore;
}

RespFramer::Step RespFramer::begin_string(std::string_view number) {
    const std::optional<std::int64_t> length = number_in(number);
    if (!length || *length < 0 || *length > kLongestString) return broken();
    remaining_ = static_cast<std::uint64_t>(*length) + kEndOfLine;
    keeping_ = index_ < kWords;
    if (keeping_) words_[index_].whole = *length <= static_cast<std::int64_t>(kWordLimit);
    phase_ = Phase::kString;
    return Step::kMore;
}

void RespFramer::Word::keep(std::string_view from) {
    length = static_cast<std::uint8_t>(std::min(from.size(), kWordLimit));
    whole = from.size() <= kWordLimit;
    std::memcpy(text.data(), from.data(), length);
}

void RespFramer::keep(std::string_view text) {
    if (index_ < kWords) words_[index_].keep(text);
}

void RespFramer::keep_piece(std::string_view piece) {
    if (!keeping_ || remaining_ <= kEndOfLine) return;
    Word& word = words_[index_];
    const std::size_t length = std::min<std::uint64_t>({piece.size(), remaining_ - kEndOfLine, kWordLimit - word.length});
    std::memcpy(word.text.data() + word.length, piece.data(), length);
    word.length = static_cast<std::uint8_t>(word.length + length);
}

RespFramer::Step RespFramer::end_value() {
    phase_ = Phase::kLine;
    ++index_;
    return --pending_ == 0 ? end_message() : Step::kMore;
}

RespFramer::Step RespFramer::end_message() {
    phase_ = Phase::kLine;
    opened_ = false;
    return Step::kMessage;
}

RespFramer::Step RespFramer::broken() {
    lose();
    return Step::kBroken;
}

bool begins_with_known_command(std::string_view bytes) {
    if (!bytes.starts_with('*')) {
        const std::string_view word = bytes.substr(0, bytes.find_first_of(" \r\n"));
        return bytes.find('\n') != std::string_view::npos && command_of(word, {}) != kOtherCommand;
    }
    const auto count = whole_line(bytes);
    const auto length = whole_line(bytes);
    const auto word = whole_line(bytes);
    if (!count || !length || !word || !length->starts_with('$')) return false;
    return number_in(count->substr(1)).value_or(0) > 0 &&
           number_in(length->substr(1)) == static_cast<std::int64_t>(word->size()) && command_of(*word, {}) != kOtherCommand;
}

bool begins_with_reply(std::string_view bytes) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return false;
    RespFramer framer;
    framer.start(Side::kReplies);
    std::string_view line = bytes.substr(0, end + 1);
    return framer.advance(line, {}) != RespFramer::Step::kBroken;
}

}  // namespace footfall::redis
