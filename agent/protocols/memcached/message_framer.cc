#include "agent/protocols/memcached/message_framer.h"

#include <algorithm>
#include <cstring>

namespace footfall::memcached {
namespace {

constexpr std::size_t kLineLimit = std::size_t{1} << 20U;  // a get of many keys
constexpr std::uint64_t kEndOfLine = 2;

}  // namespace

MessageFramer::Step MessageFramer::advance(std::string_view& bytes, const Stamp& stamp) {
    while (!bytes.empty()) {
        if (!in_step()) {
            bytes = {};
            return Step::kMore;
        }
        if (between()) message_ = {.begin = stamp};
        message_.last = stamp.time;
        const std::size_t before = bytes.size();
        const Step step = phase_ == Phase::kHead ? take_head(bytes) : take_data(bytes);
        message_.bytes += before - bytes.size();
        if (step != Step::kMore) return step;
    }
    return Step::kMore;
}

MessageFramer::Step MessageFramer::skip(std::uint64_t& length, const Stamp& stamp) {
    if (!in_step() || length == 0) {
        length = 0;
        return Step::kMore;
    }
    if (phase_ != Phase::kData) {
        length = 0;
        lose();
        return Step::kGap;
    }
    const std::uint64_t piece = std::min(remaining_, length);
    length -= piece;
    remaining_ -= piece;
    message_.bytes += piece;
    message_.last = stamp.time;
    return remaining_ == 0 ? end_part() : Step::kMore;
}

void MessageFramer::start(Side side) {
    phase_ = Phase::kHead;
    side_ = side;
    begun_ = false;
    held_ = 0;
}

void MessageFramer::hold(std::string_view piece) {
    if (held_ < head_.size()) {
        std::memcpy(head_.data() + held_, piece.data(), std::min(piece.size(), head_.size() - held_));
    }
    held_ += static_cast<std::uint32_t>(piece.size());
}

MessageFramer::Step MessageFramer::take_head(std::string_view& bytes) {
    if (!is_binary(held_ == 0 ? bytes.front() : head_.front())) return take_line(bytes);
    if (held_ == 0 && bytes.size() >= kBinaryHeader) {
        const std::string_view header = bytes.substr(0, kBinaryHeader);
        bytes.remove_prefix(kBinaryHeader);
        return on_head(header, true);
    }
    const std::string_view piece = bytes.substr(0, kBinaryHeader - held_);
    bytes.remove_prefix(piece.size());
    hold(piece);
    if (held_ < kBinaryHeader) return Step::kMore;
    held_ = 0;
    return on_head({head_.data(), kBinaryHeader}, true);
}

MessageFramer::Step MessageFramer::take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find('\n');
    const bool ends = end != std::string_view::npos;
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(ends ? end + 1 : bytes.size());
    if (!ends || held_ > 0) {
        hold(line);
        if (held_ > kLineLimit) return broken();
        if (!ends) return Step::kMore;
        line = {head_.data(), std::min<std::size_t>(held_, head_.size())};
        held_ = 0;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    return on_head(line, false);
}

MessageFramer::Step MessageFramer::on_head(std::string_view head, bool binary) {
    if (side_ == Side::kRequests) {
        const auto request = binary ? request_of_header(head) : request_of_line(head);
        if (!request) return broken();
        request_ = *request;
        return begin_data(request_.has_data, request_.data, binary);
    }
    const auto reply = binary ? reply_of_header(head) : reply_of_line(head);
    if (!reply) return broken();
    const std::uint16_t families = begun_ ? reply_.families & reply->families : reply->families;
    reply_ = *reply;
    reply_.families = families;
    return begin_data(reply_.has_data, reply_.data, binary);
}

MessageFramer::Step MessageFramer::begin_data(bool has_data, std::uint64_t length, bool binary) {
    begun_ = true;
    ends_line_ = !binary;
    remaining_ = has_data ? length + (binary ? 0 : kEndOfLine) : 0;
    if (remaining_ == 0) return end_part();
    phase_ = Phase::kData;
    return Step::kMore;
}

MessageFramer::Step MessageFramer::take_data(std::string_view& bytes) {
    const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
    bytes.remove_prefix(piece.size());
    remaining_ -= piece.size();
    if (ends_line_ && remaining_ == 0 && piece.back() != '\n') return broken();
    return remaining_ == 0 ? end_part() : Step::kMore;
}

MessageFramer::Step MessageFramer::end_part() {
    phase_ = Phase::kHead;
    if (side_ == Side::kReplies && reply_.continues) return Step::kMore;
    begun_ = false;
    return Step::kMessage;
}

MessageFramer::Step MessageFramer::broken() {
    lose();
    return Step::kBroken;
}

}  // namespace footfall::memcached
