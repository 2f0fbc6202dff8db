#include "agent/protocols/framing/length_framer.h"

#include <algorithm>
#include <cstring>

namespace footfall {
namespace {

constexpr std::size_t kKeptCapacity = 1024;  // a larger buffer is given back

}  // namespace

LengthFramer::Step LengthFramer::advance(std::string_view& bytes, const Stamp& stamp) {
    switch (phase_) {
        case Phase::kOutOfStep:
        case Phase::kHeaderTold:
            bytes = {};
            return Step::kMore;
        case Phase::kHeader:
            break;
        case Phase::kBody: {
            const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
            bytes.remove_prefix(piece.size());
            remaining_ -= piece.size();
            if (!piece.empty()) last_ = stamp.time;
            keep_bytes(piece, remaining_ == 0);
            return remaining_ == 0 ? end_of_body() : Step::kMore;
        }
    }
    if (bytes.empty()) return Step::kMore;
    if (filled_ == 0) {
        begin_ = stamp;
        wanted_ = header_size_;
    }
    last_ = stamp.time;
    const std::size_t piece = std::min(wanted_ - filled_, bytes.size());
    header_ = bytes.substr(0, piece);
    if (piece < wanted_) {
        std::memcpy(split_header_.data() + filled_, bytes.data(), piece);
        header_ = {split_header_.data(), filled_ + piece};
    }
    filled_ += piece;
    bytes.remove_prefix(piece);
    if (filled_ < wanted_) return Step::kMore;
    phase_ = Phase::kHeaderTold;
    return Step::kHeader;
}

LengthFramer::Step LengthFramer::skip(std::uint64_t& length, const Stamp& stamp) {
    if (phase_ == Phase::kOutOfStep || length == 0) {
        length = 0;
        return Step::kMore;
    }
    if (phase_ != Phase::kBody || remaining_ == 0) {
        if (phase_ == Phase::kBody) return end_of_body();
        lose();
        length = 0;
        return Step::kGap;
    }
    const std::uint64_t piece = std::min(remaining_, length);
    length -= piece;
    remaining_ -= piece;
    last_ = stamp.time;
    keeping_ = false;
    return remaining_ == 0 ? end_of_body() : Step::kMore;
}

void LengthFramer::extend_header(std::size_t header_size) {
    keep_header();
    wanted_ = header_size;
    phase_ = Phase::kHeader;
}

void LengthFramer::begin_body(std::uint64_t length, std::size_t keep) {
    keep_header();
    length_ = remaining_ = length;
    keep_ = static_cast<std::size_t>(std::min<std::uint64_t>(length, keep));
    keeping_ = true;
    buffer_.clear();
    body_ = {};
    phase_ = Phase::kBody;
}

void LengthFramer::keep_header() {
    if (header_.data() == split_header_.data()) return;
    std::memcpy(split_header_.data(), header_.data(), header_.size());
    header_ = {split_header_.data(), header_.size()};
}

void LengthFramer::keep_bytes(std::string_view piece, bool last_piece) {
    if (!keeping_) return;
    const std::size_t kept = body_.size();
    const std::string_view wanted = piece.substr(0, keep_ - kept);
    if (kept == 0 && last_piece) {
        body_ = wanted;
        return;
    }
    buffer_.append(wanted);
    body_ = buffer_;
}

LengthFramer::Step LengthFramer::end_of_body() {
    phase_ = Phase::kHeader;
    filled_ = 0;
    return Step::kFrame;
}

void LengthFramer::start() {
    phase_ = Phase::kHeader;
    filled_ = 0;
}

void LengthFramer::lose() { phase_ = Phase::kOutOfStep; }

void LengthFramer::drop_body() {
    body_ = {};
    if (buffer_.capacity() > kKeptCapacity) buffer_ = {};
}

void LengthFramer::reset() {
    start();
    drop_body();
    header_ = {};
    length_ = 0;
}

}  // namespace footfall
