// Reads HTTP/1.0 and 1.1 on one connection: frames both streams, finds out which of them carries the requests, and pairs
// requests with responses in order. Times, ownership and threads are those of ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - Interim responses (1xx) belong to the exchange by their bytes; first_byte and status are the final response's.
// - 101, and 2xx to CONNECT, complete an exchange with their head; after it the connection is not looked at any more, unless
//   it becomes a WebSocket connection, whose messages are read on (websocket/message_reader.h). 101 to HTTP/2 (h2c) does not
//   complete it: stream 1 of HTTP/2 will, whose reader goes on from there.
// - A cut exchange ends with the last byte of its response, or with the cut if there was none. A body that only the end of
//   the stream delimits is complete when the connection is closed, but not when it is reset or times out.
// - bytes are those of the exchange's own messages, gaps in their bodies included; empty lines between messages are
// nobody's.
// - What the body of a POST calls (http_bodies/body_call.h) is told from its front.
// - gRPC-Web is gRPC, as on HTTP/2: a content-type says so, and the outcome is the grpc-status of the response's head, or of
//   the trailers in its body (GrpcWebTrailers). Where those may have passed unseen, it is unknown.
// - A client's response may be seen before its request where two threads work on the socket: it waits for the request.
//
// What a gap does (bytes that passed unseen):
// - In a body: see MessageFramer. The exchange is counted as if nothing had happened.
// - In a head: that exchange is lost, and the stream is out of step until a message starts with a whole, valid start line.
// - Between two requests: the gap carried at least one. If others wait for their response, a nameless exchange is queued in
//   its place, so that it takes its response; else it is lost at once, as are all whose responses have come already.
// - Of responses, but for their bodies: the oldest waiting request is lost, because its response was (at least) what the gap
//   carried. If more than one other waits, all are lost: which response comes next can't be known.
// - A request that comes while earlier ones wait, and after response bytes passed out of step: the earlier ones are lost. So
//   are they if the connection ends first: those bytes may have answered them.
// - Where the client was seen to pipeline, it is in doubt then whose a response is: how many requests, or responses, the
//   gap carried is not known. Each request that comes is lost, until one comes when all was answered, and after it a second
//   one without an answer too many between them: from that one on pairs are believed. A request in doubt is one that comes
//   after a gap of requests, and before what that gap counted was answered; or after several waiting ones were lost; or
//   after an answer too many.
// So a response is never handed out with another request's name (but by a client that has always the same number of requests
// under way while it is in doubt).
//
// Each exchange of which the request or the response was seen is counted: a response without a request is lost itself on a
// connection that was open before footfall came, until its first request (kBeganBefore), and after a gap in the requests,
// while it is in doubt (kGap), less those that are counted already. Otherwise, if it is a success and there was no gap, its
// request passed unseen (kGap); if not, there was none (408 to an idle connection). Exchanges of which both the request and
// the response passed in gaps have left nothing to count: a gap is one of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "agent/protocols/http1/message_framer.h"
#include "agent/protocols/http1/open_exchanges.h"
#include "agent/protocols/http1/start_line.h"
#include "agent/protocols/http2/grpc_web.h"
#include "agent/protocols/http2/http2_reader.h"
#include "agent/protocols/http_bodies/call_finder.h"
#include "agent/protocols/protocol.h"
#include "agent/protocols/websocket/message_reader.h"

namespace footfall::http1 {

constexpr std::uint16_t kSwitchingProtocols = 101;  // the status

class Http1Reader final : public ProtocolReader {
public:
    explicit Http1Reader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override;
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime time) override;
    void restart(const ReaderContext& context) override;

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override {
        return started_ + (messages_ ? messages_->started() : 0) + (successor_ ? successor_->started() : 0);
    }

private:
    using Step = MessageFramer::Step;
    using Phase = MessageFramer::Phase;

    static constexpr std::uint8_t kDoubts = 2;  // doubts_ when they begin

    // What is looked for in bodies.
    struct Bodies {
        CallFinder call;                  // of the request that is being read
        http2::GrpcWebTrailers trailers;  // of the response that is being read, if …
        bool in_response = false;         // … it is gRPC-Web
    };
    // Why everything that is open ends now. No reason: the session ends, not the connection.
    struct Ending {
        std::optional<CloseReason> reason;
        MonotonicTime time;
    };

    void take(Direction direction, Step step);
    void take_line(Direction direction);
    void take_head(Direction direction);
    void take_end(Direction direction);
    void give_up(Direction direction, LostReason reason);
    void look_for_message(Direction direction, std::string_view bytes, const Stamp& stamp);

    void begin_request(const RequestLine& line);
    void take_request_head();
    void note_content(OpenExchange& exchange, http2::Content content);
    Bodies& bodies();
    void finish_request();
    [[nodiscard]] bool is_doubtful_request();
    void doubt(std::uint32_t lost);
    void lose_request_head(LostReason reason);
    void lose_unseen_requests();
    void resume_requests();

    void notice_pipelining();
    void begin_response(Direction direction, std::uint16_t status);
    void take_unasked(std::uint16_t status);
    void take_response_head();
    void take_call_head(OpenExchange& exchange);
    void take_trailers(OpenExchange& exchange);
    void frame_response();
    void finish_response();
    void pass_responses();
    void lose_response_head(LostReason reason);
    void resume_responses();
    void enter_tunnel();
    void go_on_as_http2();
    void read_messages(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp);
    void await_tunnel();
    void stop_reading();

    OpenExchange& open_request();
    OpenExchange* requesting();
    OpenExchange* awaiting();
    [[nodiscard]] bool is_answered_in_its_line();
    OpenExchange* open_for_early_response(Direction direction);
    OpenExchange* open_for_unseen_request(std::uint16_t status);
    [[nodiscard]] std::uint32_t waiting();
    void lose_now(LostReason reason);
    [[nodiscard]] bool tells_of_request(std::uint16_t status) const;
    void lose_unasked();
    void lose_front(LostReason reason);
    void lose_all(LostReason reason);
    void settle_front();
    void finish_all(const Ending& ending);
    void finish_front(const Ending& ending, bool responding);
    void finish_unnamed_request(LostReason reason);
    void hand_out(const OpenExchange& exchange, std::string_view cut);
    [[nodiscard]] Exchange describe(const OpenExchange& exchange) const;

    void fix_role(Direction requests);
    [[nodiscard]] bool carries_requests(Direction direction) const { return requests_ == direction; }
    [[nodiscard]] bool attached_late() const { return context_.opened_before && !request_seen_; }
    MessageFramer& framer(Direction direction) { return framers_[static_cast<std::size_t>(direction)]; }
    MessageFramer& request_framer() { return framer(*requests_); }
    MessageFramer& response_framer();

    ReaderContext context_;
    std::array<MessageFramer, 2> framers_;  // by direction
    std::unique_ptr<Bodies> bodies_;        // made at the first POST
    OpenExchanges open_;
    std::uint64_t started_ = 0;
    std::optional<Direction> requests_;      // which direction carries them; unset until a start line tells
    std::array<bool, 2> gap_before_role_{};  // by direction: a head was lost before the role was known
    std::uint16_t status_ = 0;               // of the response being read
    bool tunnel_ : 1 = false;
    bool request_seen_ : 1 = false;
    bool responding_ : 1 = false;                    // the response framer is behind the start line of the front's response
    bool responses_passed_ : 1 = false;              // response bytes passed out of step since the latest request
    bool pipelines_ : 1 = false;                     // the client has been seen to ask before it had its responses
    bool gaps_ : 1 = false;                          // bytes have passed unseen
    bool in_doubt_ : 1 = false;                      // responses may come whose requests are not in the queue …
    std::uint8_t doubts_ = 0;                        // … for how many more requests that come when all is answered
    std::uint32_t already_lost_ = 0;                 // exchanges that are counted, and of which the responses may still come
    std::uint16_t unasked_ = 0;                      // responses since the latest request for which there was none …
    std::uint16_t unasked_successes_ = 0;            // … and those of them that tell of one
    std::unique_ptr<http2::Http2Reader> successor_;  // reads the connection from its upgrade on
    std::unique_ptr<websocket::MessageReader> messages_;  // in the tunnel, if it is one for them
};

}  // namespace footfall::http1
