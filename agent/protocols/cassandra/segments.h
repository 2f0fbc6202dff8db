// The segments that carry frames from protocol version 5 on, once the handshake is over (native_protocol_v5.spec, §2): a
// header of 6 bytes (17 bits of length, one that tells whether the frames in it are whole, a checksum of 24 bits), the
// payload, a checksum of 4 bytes. One direction of a connection; the checksum of the header is held, that of the payload is
// not: it may have passed unseen. Compressed segments have a header of 8 bytes, and can only be told.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall::cassandra {

constexpr std::size_t kSegmentHeader = 6;
constexpr std::size_t kCompressedSegmentHeader = 8;

// Whether bytes begin with the header of a segment: its checksum says so.
bool begins_segment(std::string_view bytes);
bool begins_compressed_segment(std::string_view bytes);

class Segments {
public:
    struct Piece {
        std::string_view payload;
        bool begins = false;  // a segment whose frames are whole: one of them begins here
    };

    // Consumes from bytes, which shrinks from its front. Out of step it consumes all.
    Piece next(std::string_view& bytes);
    // The same for length bytes that passed unseen; tells how many of them were payload. frame_left: bytes of a frame that
    // does not fit into one segment which are still to come: it fills segments as long as its first one, and what is left of
    // it the last one, so that a header which is unseen says nothing new.
    std::uint64_t skip(std::uint64_t& length, std::uint64_t frame_left);

    void start();  // a segment begins with the next byte
    void lose();   // out of step from here on
    [[nodiscard]] bool in_step() const { return phase_ != Phase::kOutOfStep; }

private:
    enum class Phase : std::uint8_t { kOutOfStep, kHeader, kPayload, kChecksum };

    void take_header();
    void begin_payload();
    bool assume_header(std::uint64_t frame_left);
    std::uint64_t skip_whole(std::uint64_t& length, std::uint64_t frame_left);

    Phase phase_ = Phase::kHeader;
    std::array<char, kSegmentHeader> header_{};
    std::size_t filled_ = 0;       // of the header
    std::uint32_t remaining_ = 0;  // of the payload, then of its checksum
    std::uint32_t length_ = 0;     // of the payload
    bool assumed_ = false;         // the header is not read: length_ is known without it
    bool whole_ = false;
    bool at_start_ = false;
};

}  // namespace footfall::cassandra
