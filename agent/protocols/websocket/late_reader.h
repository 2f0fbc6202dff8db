// Reads a WebSocket connection that is older than footfall, of which the HTTP exchange that opened it was not seen: its
// messages are uses of the path {unknown}. Times, ownership and threads are those of ProtocolReader.
//
// That it is one at all is guessed from a frame that only clients send, which is masked and fills its call; so is the role.
// kProofs calls that end with a frame, in either direction, confirm it, and their messages are handed out then. Until that,
// whatever is no frame in the direction of the client refutes it, and so it is where the server's has begun to be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/protocols/protocol.h"
#include "agent/protocols/websocket/message_reader.h"

namespace footfall::websocket {

class LateReader final : public ProtocolReader {
public:
    explicit LateReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction, const Stamp&) override {}
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime) override;
    [[nodiscard]] Standing standing() const override { return standing_; }
    void restart(const ReaderContext& context) override;

    // Messages that began since the guess is confirmed; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return is_confirmed() ? messages_->started() : 0; }

private:
    static constexpr std::uint8_t kProofs = 4;
    static constexpr std::uint8_t kStrikesMost = 32;  // calls of the server in which no frame was found

    // Holds back what is found before the guess is confirmed.
    class Held final : public ExchangeSink {
    public:
        void start(ExchangeSink* sink);
        void release();
        void on_exchange(const Exchange& exchange) override;
        void on_lost(LostReason reason) override;
        [[nodiscard]] bool has_lost() const { return lost_; }  // one that was held back
        [[nodiscard]] bool is_full() const { return exchanges_.size() >= kMostHeld; }

    private:
        static constexpr std::size_t kMostHeld = 1024;

        ExchangeSink* sink_ = nullptr;
        bool released_ = false;
        bool lost_ = false;
        std::vector<Exchange> exchanges_;  // of which the texts are static, or the reader's
    };

    [[nodiscard]] bool is_confirmed() const { return standing_ == Standing::kConfirmed; }
    [[nodiscard]] bool begin(Direction direction, std::string_view bytes, bool message_start);
    void judge(Direction direction, bool was_in_step);
    void forget();

    ReaderContext context_;
    Held held_;
    std::unique_ptr<MessageReader> messages_;  // once a client's frame was seen
    Direction from_client_{};
    Standing standing_ = Standing::kGuessed;
    std::uint8_t proofs_ = 0;
    std::uint8_t strikes_ = 0;
};

}  // namespace footfall::websocket
