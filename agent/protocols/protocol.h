// What a protocol is to the rest of footfall: a reader that is fed both streams of one connection and hands out exchanges.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/pipeline/lost_reasons.h"
#include "agent/pipeline/stages.h"

namespace footfall {

class PreparedNames;

// Where the exchanges of all readers go. Every exchange that a reader begins is either handed to on_exchange or given up
// with on_lost, never both: started = used + lost.
class ExchangeSink {
public:
    ExchangeSink() = default;
    virtual ~ExchangeSink() = default;
    ExchangeSink(const ExchangeSink&) = delete;
    ExchangeSink& operator=(const ExchangeSink&) = delete;

    virtual void on_exchange(const Exchange& exchange) = 0;
    virtual void on_lost(LostReason reason) = 0;
};

// The error of an exchange that its connection's end cut short.
constexpr std::string_view text_of(CloseReason reason) {
    switch (reason) {
        case CloseReason::kLocal:
        case CloseReason::kPeer:
            return "closed";
        case CloseReason::kReset:
            return "reset";
        case CloseReason::kTimeout:
            return "timeout";
    }
    __builtin_unreachable();
}

// When bytes moved, and by whom.
struct Stamp {
    MonotonicTime time;
    Pid pid{};
    Tid tid{};
    bool operator==(const Stamp&) const = default;
};

// What a reader knows of its connection from the start.
struct ReaderContext {
    ConnectionId connection{};
    bool opened_before = false;         // the streams may begin anywhere in an exchange
    ExchangeSink* sink = nullptr;       // outlives the reader
    PreparedNames* prepared = nullptr;  // likewise; of all connections. Null: each reader is alone
};

// How sure a reader is that the connection speaks its protocol, which was guessed from the first bytes. Until it is sure, it
// hands out nothing and loses nothing; once it is, it stays so.
enum class Standing : std::uint8_t {
    kGuessed,
    kConfirmed,
    kRefuted,     // it does not: the guess is taken back
    kEncrypted,   // it did, and agreed with the other end to go on in TLS
    kCompressed,  // it did, and goes on in messages that are compressed
};

// Reads the two streams of one connection. Calls arrive in the order of time, and within a direction in the order of
// position, each byte once: as bytes where they were captured, as a gap where only their number is known. Which end the
// process is (role) is the reader's to find out from the bytes. A reader allocates nothing per exchange once it is warm.
class ProtocolReader {
public:
    ProtocolReader() = default;
    virtual ~ProtocolReader() = default;
    ProtocolReader(const ProtocolReader&) = delete;
    ProtocolReader& operator=(const ProtocolReader&) = delete;

    // message_start: the first of these bytes is the first that a system call moved. A stream that is out of step (late
    // attach, gap in a head) may find its feet there.
    virtual void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) = 0;
    // length bytes passed unseen: not captured, lost, or moved without a buffer (sendfile, splice).
    virtual void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) = 0;
    // The direction carries no more bytes (FIN, or the application read end-of-file).
    virtual void on_end_of_stream(Direction direction, const Stamp& stamp) = 0;
    // The connection is gone; whatever is open is handed out or given up now.
    virtual void on_close(CloseReason reason, MonotonicTime time) = 0;
    // The session ends while the connection lives: what has its whole response is handed out, the rest is kUnfinished.
    virtual void on_session_end(MonotonicTime time) = 0;
    // Asked after each call. A reader whose detector can't be wrong need not answer.
    [[nodiscard]] virtual Standing standing() const { return Standing::kConfirmed; }
    // Exchanges that have begun: each of them was handed to the sink, or lost, or is open.
    [[nodiscard]] virtual std::uint64_t started() const = 0;
    // Forgets the connection and begins with another one; buffers are kept.
    virtual void restart(const ReaderContext& context) = 0;
};

}  // namespace footfall
