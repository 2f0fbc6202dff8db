#include "agent/protocols/cassandra/segments.h"

#include <algorithm>
#include <utility>

namespace footfall::cassandra {
namespace {

constexpr std::uint32_t kChecksumStart = 0x875060;
constexpr std::uint32_t kChecksumPolynomial = 0x1974F0B;
constexpr std::size_t kChecksumOfHeader = 3;
constexpr std::uint32_t kChecksumOfPayload = 4;

std::uint32_t octet(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint32_t checksum(std::string_view bytes) {
    std::uint32_t sum = kChecksumStart;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum ^= octet(bytes, i) << 16U;
        for (int bit = 0; bit < 8; ++bit) {
            sum <<= 1U;
            if ((sum & 0x1000000U) != 0) sum ^= kChecksumPolynomial;
        }
    }
    return sum;
}

bool ends_with_checksum(std::string_view header) {
    const std::size_t length = header.size() - kChecksumOfHeader;
    const std::uint32_t told = octet(header, length) | octet(header, length + 1) << 8U | octet(header, length + 2) << 16U;
    return told == checksum(header.substr(0, length));
}

}  // namespace

bool begins_segment(std::string_view bytes) {
    return bytes.size() >= kSegmentHeader && ends_with_checksum(bytes.substr(0, kSegmentHeader));
}

bool begins_compressed_segment(std::string_view bytes) {
    return bytes.size() >= kCompressedSegmentHeader && ends_with_checksum(bytes.substr(0, kCompressedSegmentHeader));
}

Segments::Piece Segments::next(std::string_view& bytes) {
    const auto take = [&bytes](std::size_t most) {
        const std::string_view piece = bytes.substr(0, most);
        bytes.remove_prefix(piece.size());
        return piece;
    };
    switch (phase_) {
        case Phase::kOutOfStep:
            bytes = {};
            return {};
        case Phase::kHeader: {
            const std::string_view piece = take(kSegmentHeader - filled_);
            filled_ += piece.copy(header_.data() + filled_, piece.size());
            if (filled_ == kSegmentHeader) assumed_ ? begin_payload() : take_header();
            return {};
        }
        case Phase::kPayload: {
            const std::string_view piece = take(remaining_);
            remaining_ -= static_cast<std::uint32_t>(piece.size());
            if (remaining_ == 0) {
                phase_ = Phase::kChecksum;
                remaining_ = kChecksumOfPayload;
            }
            return {piece, std::exchange(at_start_, false) && whole_};
        }
        case Phase::kChecksum:
            remaining_ -= static_cast<std::uint32_t>(take(remaining_).size());
            if (remaining_ == 0) start();
            return {};
    }
    return {};
}

std::uint64_t Segments::skip(std::uint64_t& length, std::uint64_t frame_left) {
    const std::uint64_t piece = std::min<std::uint64_t>(length, remaining_);
    switch (phase_) {
        case Phase::kOutOfStep:
            length = 0;
            return 0;
        case Phase::kHeader: {
            if (!assumed_ && !assume_header(frame_left)) {
                lose();
                length = 0;
                return 0;
            }
            if (const std::uint64_t payload = skip_whole(length, frame_left)) return payload;
            const std::uint64_t unseen = std::min<std::uint64_t>(length, kSegmentHeader - filled_);
            length -= unseen;
            filled_ += unseen;
            if (filled_ == kSegmentHeader) begin_payload();
            return 0;
        }
        case Phase::kPayload:
            length -= piece;
            remaining_ -= static_cast<std::uint32_t>(piece);
            at_start_ = false;
            if (remaining_ == 0) {
                phase_ = Phase::kChecksum;
                remaining_ = kChecksumOfPayload;
            }
            return piece;
        case Phase::kChecksum:
            length -= piece;
            remaining_ -= static_cast<std::uint32_t>(piece);
            if (remaining_ == 0) start();
            return 0;
    }
    return 0;
}

void Segments::start() {
    phase_ = Phase::kHeader;
    filled_ = 0;
    remaining_ = 0;
    assumed_ = false;
}

void Segments::lose() {
    phase_ = Phase::kOutOfStep;
    remaining_ = 0;
}

void Segments::take_header() {
    const std::string_view header(header_.data(), header_.size());
    if (!begins_segment(header)) return lose();
    const std::uint32_t bits = octet(header, 0) | octet(header, 1) << 8U | octet(header, 2) << 16U;
    length_ = bits & 0x1FFFFU;
    whole_ = (bits & 0x20000U) != 0;
    begin_payload();
}

void Segments::begin_payload() {
    at_start_ = true;
    phase_ = length_ > 0 ? Phase::kPayload : Phase::kChecksum;
    remaining_ = length_ > 0 ? length_ : kChecksumOfPayload;
}

// However many segments lie in the gap, they cost the same.
std::uint64_t Segments::skip_whole(std::uint64_t& length, std::uint64_t frame_left) {
    if (filled_ > 0 || frame_left <= length_) return 0;
    const std::uint64_t whole = kSegmentHeader + std::uint64_t{length_} + kChecksumOfPayload;
    const std::uint64_t count = std::min(length / whole, (frame_left - 1) / length_);
    length -= count * whole;
    if (count > 0) start();
    return count * length_;
}

// length_ is that of the segment before.
bool Segments::assume_header(std::uint64_t frame_left) {
    if (whole_ || frame_left == 0 || length_ == 0) return false;
    length_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(length_, frame_left));
    assumed_ = true;
    return true;
}

}  // namespace footfall::cassandra
