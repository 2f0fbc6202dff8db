// A connection as a test of a protocol reader sees it: bytes and gaps in, owned copies of what the reader handed out.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pipeline/kind.h"
#include "agent/protocols/protocol.h"

namespace footfall {

// An Exchange that owns its text.
struct Seen {
    Exchange exchange;
    std::string method;
    std::string target;
    std::string call;
    std::string error_type;

    explicit Seen(const Exchange& from)
        : exchange(from), method(from.method), target(from.target), call(from.call), error_type(from.error_type) {}
    // "GET /a 200", "POST /graphql query Orders 200", "SELECT orders ok", "SELECT orders 42P01"; with a status, also what
    // cut it.
    [[nodiscard]] std::string text() const {
        std::string out = method;
        if (!out.empty() && !target.empty()) out += ' ';
        out += target + ' ';
        if (!call.empty()) out += call + ' ';
        if (exchange.status != 0) {
            const std::string status = std::to_string(exchange.status);
            return out + status + (error_type.empty() || error_type == status ? "" : " " + error_type);
        }
        if (exchange.kind == Kind::kHttp) return out + "-" + (error_type.empty() ? "" : " " + error_type);
        if (!error_type.empty()) return out + error_type;
        return out + (exchange.outcome == Outcome::kOk ? "ok" : "unknown");
    }
};

class RecordingSink final : public ExchangeSink {
public:
    void on_exchange(const Exchange& exchange) override { seen.insert(seen.end(), exchange.count, Seen(exchange)); }
    void on_lost(LostReason reason) override { lost.push_back(reason); }

    std::vector<Seen> seen;
    std::vector<LostReason> lost;
};

constexpr Direction kIn = Direction::kReceived;
constexpr Direction kOut = Direction::kSent;

// Each call is one message, 10 ns after the one before. Reader: a ProtocolReader that also has started().
template <typename Reader>
class WireOf {
public:
    explicit WireOf(bool opened_before = false) : reader({ConnectionId{7}, opened_before, &sink}) {}

    Stamp tick() { return {{now += 10}, Pid{100}, Tid{101}}; }
    void received(std::string_view bytes) { reader.on_bytes(kIn, bytes, true, tick()); }
    void sent(std::string_view bytes) { reader.on_bytes(kOut, bytes, true, tick()); }
    void gap(Direction direction, std::uint64_t length) { reader.on_gap(direction, length, tick()); }
    // A message of which only both ends were captured.
    void truncated(Direction direction, std::string_view front, std::uint64_t unseen, std::string_view back) {
        const Stamp stamp = tick();
        if (!front.empty()) reader.on_bytes(direction, front, true, stamp);
        reader.on_gap(direction, unseen, stamp);
        if (!back.empty()) reader.on_bytes(direction, back, false, stamp);
    }
    void one_by_one(Direction direction, std::string_view bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i) reader.on_bytes(direction, bytes.substr(i, 1), true, tick());
    }
    void end_of_stream(Direction direction) { reader.on_end_of_stream(direction, tick()); }
    void close(CloseReason reason = CloseReason::kLocal) { reader.on_close(reason, tick().time); }
    void session_end() { reader.on_session_end(tick().time); }

    // All exchanges so far, in order.
    [[nodiscard]] std::vector<std::string> uses() const {
        std::vector<std::string> texts;
        for (const Seen& each : sink.seen) texts.push_back(each.text());
        return texts;
    }
    [[nodiscard]] const Exchange& last() const { return sink.seen.back().exchange; }
    [[nodiscard]] bool all_accounted() const { return reader.started() == sink.seen.size() + sink.lost.size(); }

    RecordingSink sink;
    Reader reader;
    std::uint64_t now = 0;
};

using Uses = std::vector<std::string>;
using Lost = std::vector<LostReason>;

}  // namespace footfall
