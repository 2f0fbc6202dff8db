// Bytes as the life of one connection, for the fuzz targets of protocol readers. Operations, each one byte and its
// arguments, until the input ends:
//   bits 0-2  0-3 bytes · 4 gap · 5 end of stream · 6 close and start over · 7 session end and start over
//   bit 3     direction
//   bit 4     bytes: they start a message; start over: the next connection was open before
// Bytes and gaps are followed by a length (two bytes, little-endian; a gap is that many times 64), bytes by themselves.
// However the bytes lie: every exchange that was started is used or lost, once, when the connection ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/protocols/protocol.h"

namespace footfall {

// Aborts at an exchange that says ok and why it failed, or neither, or that has no name.
class CheckingSink : public ExchangeSink {
public:
    void on_exchange(const Exchange& exchange) override {
        ended += exchange.count;
        const bool named = !exchange.method.empty() || !exchange.target.empty();
        if (!named || (exchange.outcome == Outcome::kError) == exchange.error_type.empty()) std::abort();
    }
    void on_lost(LostReason) override { ++ended; }

    std::uint64_t ended = 0;
};

// Reader: a ProtocolReader that also has started(). Sink: counts in `ended` what was handed out and what was lost, and
// aborts at what must not be.
template <typename Reader, typename Sink>
class ConnectionLife {
public:
    explicit ConnectionLife(std::string_view input) : input_(input), reader_({ConnectionId{1}, false, &sink_}) {}

    void run() {
        while (!input_.empty()) step(take());
        reader_.on_close(CloseReason::kLocal, {++now_});
        check();
    }

private:
    enum Operation : unsigned { kGap = 4, kEndOfStream = 5, kClose = 6, kSessionEnd = 7 };

    std::uint8_t take() {
        if (input_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(input_.front());
        input_.remove_prefix(1);
        return value;
    }
    std::size_t take_length() {
        const std::size_t low = take();
        return low + (static_cast<std::size_t>(take()) << 8U);
    }

    static bool is_taken_away(Standing standing) {
        return standing != Standing::kGuessed && standing != Standing::kConfirmed;
    }

    // A guess that was wrong is taken back: nothing was counted, and nothing more comes.
    void step(unsigned operation) {
        if (is_taken_away(reader_.standing())) start_over(false);
        const Direction direction = (operation & 8U) != 0 ? Direction::kSent : Direction::kReceived;
        const Stamp stamp{{++now_}, Pid{1}, Tid{1}};
        switch (operation & 7U) {
            case kGap:
                return reader_.on_gap(direction, take_length() * 64 + 1, stamp);
            case kEndOfStream:
                return reader_.on_end_of_stream(direction, stamp);
            case kClose:
                reader_.on_close(static_cast<CloseReason>((operation >> 5U) % 4), stamp.time);
                return start_over((operation & 16U) != 0);
            case kSessionEnd:
                reader_.on_session_end(stamp.time);
                return start_over((operation & 16U) != 0);
            default:
                const std::size_t length = take_length();
                const std::string_view bytes = input_.substr(0, length);
                input_.remove_prefix(bytes.size());
                if (!bytes.empty()) reader_.on_bytes(direction, bytes, (operation & 16U) != 0, stamp);
        }
    }

    void start_over(bool opened_before) {
        check();
        reader_.restart({ConnectionId{1}, opened_before, &sink_});
        sink_.ended = 0;
    }
    void check() const {
        const bool refuted = reader_.standing() == Standing::kRefuted;
        if (refuted ? sink_.ended != 0 : sink_.ended != reader_.started()) std::abort();
    }

    std::string_view input_;
    Sink sink_;
    Reader reader_;
    std::uint64_t now_ = 0;
};

}  // namespace footfall
