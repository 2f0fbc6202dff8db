// Reads the messages of a WebSocket connection (RFC 6455 §5) behind the HTTP exchange that opened it. Each message is one
// use of kind websocket, of the path that was opened: "receive /chat" or "send /chat", as the watched process sees it. It is
// timed from its first byte to its last. Control frames (close, ping, pong) are no messages.
//
// A message that the end of the connection cuts is an error; one that lost a frame's header (a gap) is lost. A direction
// that is out of step finds its feet at a call whose first bytes are a header that this end may send, with a length that
// fits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/protocol.h"

namespace footfall::websocket {

class MessageReader {
public:
    // role: of the process in the exchange that opened the connection, which asked for target.
    MessageReader(const ReaderContext& context, Role role, std::string_view target);

    // The connection was opened long ago: both directions may stand anywhere in a message.
    void begin_late();

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp);
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp);
    void on_close(CloseReason reason, MonotonicTime time);
    void on_session_end();

    [[nodiscard]] bool is_in_step(Direction direction) const { return stream(direction).framer.in_step(); }
    [[nodiscard]] bool is_between_frames(Direction direction) const { return stream(direction).framer.between(); }

    // Messages that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const { return started_; }

private:
    struct Message {
        Stamp begin;
        MonotonicTime last;
        std::uint64_t bytes = 0;
    };
    struct Stream {
        LengthFramer framer{kShortestHeader};
        std::optional<Message> message;  // that has begun
        bool control = false;            // of the frame that is being read
        bool final = false;
    };
    static constexpr std::size_t kShortestHeader = 2;

    void take(Direction direction, LengthFramer::Step step);
    void take_header(Direction direction);
    void take_frame(Direction direction);
    void lose_step(Direction direction);
    void look_for_frame(Direction direction, std::string_view bytes);
    [[nodiscard]] bool is_header(Direction direction, std::string_view bytes) const;
    void hand_out(Direction direction, const Message& message, std::string_view cut);
    [[nodiscard]] bool is_masked(Direction direction) const;
    Stream& stream(Direction direction) { return streams_[static_cast<std::size_t>(direction)]; }
    [[nodiscard]] const Stream& stream(Direction direction) const { return streams_[static_cast<std::size_t>(direction)]; }

    ReaderContext context_;
    Role role_;
    std::string target_;
    std::array<Stream, 2> streams_;  // by direction
    std::uint64_t started_ = 0;
};

}  // namespace footfall::websocket
