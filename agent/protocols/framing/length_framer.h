// Cuts one direction of a connection into frames: a header of fixed size, which says how long the body behind it is.
//
// It is pulled: advance() consumes bytes up to the next thing that its owner has to know or decide, and says which (Step);
// it is called until it answers kMore. Of a body only so many first bytes are kept as the owner wants; the rest costs the
// same whatever its length is, unseen bytes (skip()) too.
//
// Views are valid until the next call, and point into the given bytes where those hold all of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/protocols/protocol.h"

namespace footfall {

class LengthFramer {
public:
    static constexpr std::size_t kHeaderLimit = 32;

    enum class Step : std::uint8_t {
        kMore,    // everything was consumed
        kHeader,  // header() is complete: answer with begin_body(), extend_header() or lose()
        kFrame,   // the body has passed, the next frame may follow
        kGap,     // skip() only: the gap is not in a body, so it carried (part of) a header. Out of step from here on
    };

    // header_size: at most kHeaderLimit.
    explicit LengthFramer(std::size_t header_size) : header_size_(header_size) {}

    // Consumes from bytes, which shrinks from its front. Out of step it consumes all and tells nothing.
    Step advance(std::string_view& bytes, const Stamp& stamp);
    // The same for length bytes that passed unseen.
    Step skip(std::uint64_t& length, const Stamp& stamp);

    // This frame's header turns out to be longer: header_size bytes in all, of which header() is the first part.
    void extend_header(std::size_t header_size);
    // keep: how many of its first bytes are wanted.
    void begin_body(std::uint64_t length, std::size_t keep);
    // Of the next frame's header, and of all after it.
    void set_header_size(std::size_t header_size) { header_size_ = header_size; }

    void start();      // a frame begins with the next byte
    void lose();       // out of step from here on
    void drop_body();  // what was kept is not needed any more: gives its memory back if that is large
    void reset();      // as new, but keeps its buffer if that is small

    [[nodiscard]] bool in_step() const { return phase_ != Phase::kOutOfStep; }
    // In front of a frame: none of its bytes has come.
    [[nodiscard]] bool between() const { return phase_ == Phase::kHeader && filled_ == 0; }

    [[nodiscard]] std::string_view header() const { return header_; }
    [[nodiscard]] std::string_view body() const { return body_; }  // what was kept of it
    [[nodiscard]] std::uint64_t body_length() const { return length_; }
    [[nodiscard]] std::uint64_t remaining() const { return phase_ == Phase::kBody ? remaining_ : 0; }  // of it, to come
    // Whether all bytes that were wanted are in body().
    [[nodiscard]] bool body_kept() const { return body_.size() == keep_; }
    [[nodiscard]] const Stamp& begin() const { return begin_; }                     // of the frame's first byte
    [[nodiscard]] MonotonicTime last() const { return last_; }                      // of the last byte so far
    [[nodiscard]] std::uint64_t bytes() const { return header_.size() + length_; }  // of the whole frame

private:
    enum class Phase : std::uint8_t { kOutOfStep, kHeader, kHeaderTold, kBody };

    void keep_header();
    void keep_bytes(std::string_view piece, bool last_piece);
    Step end_of_body();

    Phase phase_ = Phase::kHeader;
    std::size_t header_size_;
    std::size_t wanted_ = 0;  // of this frame's header
    std::size_t filled_ = 0;
    std::array<char, kHeaderLimit> split_header_{};
    std::string_view header_;
    std::uint64_t length_ = 0;
    std::uint64_t remaining_ = 0;  // of the body
    std::size_t keep_ = 0;
    bool keeping_ = false;  // no gap has cut off what was kept
    std::string buffer_;    // what was kept of a body that came in pieces
    std::string_view body_;
    Stamp begin_;
    MonotonicTime last_;
};

}  // namespace footfall
