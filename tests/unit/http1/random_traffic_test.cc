// Random valid traffic, cut into messages anyhow and captured as the kernel side does: what comes out is what was put in.
#include <algorithm>
#include <random>

#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

constexpr std::size_t kWholeLimit = 4096;  // longer messages are captured by their ends
constexpr std::size_t kTail = 64;

class Dice {
public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    bool one_in(std::size_t count) { return below(count) == 0; }
    template <typename Value>
    Value any_of(std::initializer_list<Value> values) {
        return values.begin()[below(values.size())];
    }

private:
    std::mt19937 engine_;
};

struct Planned {
    std::string method;
    std::string target;
    int status = 0;
    std::string request;
    std::string response;
};

struct Shape {
    bool truncated = false;  // long messages are captured by their ends; each belongs to one exchange
    bool byte_by_byte = false;
    std::size_t depth = 1;  // requests sent before the first of their responses
};

std::string letters(Dice& dice, std::size_t count) {
    std::string text(count, ' ');
    for (char& c : text) c = static_cast<char>('a' + dice.below(26));
    return text;
}

std::string chunked(Dice& dice, std::string_view body, bool extras) {
    std::string out;
    while (!body.empty()) {
        const std::size_t count = 1 + dice.below(body.size());
        char size[32];
        std::snprintf(size, sizeof size, dice.one_in(2) ? "%zx" : "%zX", count);
        out += std::string(size) + (extras && dice.one_in(4) ? ";name=value" : "") + "\r\n";
        out += std::string(body.substr(0, count)) + "\r\n";
        body.remove_prefix(count);
    }
    return out + (extras && dice.one_in(4) ? "0\r\nX-Sum: 1\r\n\r\n" : "0\r\n\r\n");
}

std::string headers(Dice& dice) {
    std::string text;
    for (std::size_t i = dice.below(6); i > 0; --i) {
        text += dice.any_of({"Cookie", "Content-Type", "Trace", "connection", "X", "Cache-Control", "TE", "Upgrade"});
        text += ": " + letters(dice, dice.below(60)) + "\r\n";
    }
    return text;
}

// The head's framing headers and the body.
std::string framed(Dice& dice, std::size_t longest, bool extras) {
    const std::string body = letters(dice, dice.below(longest));
    const std::string rest = headers(dice) + "\r\n";
    if (dice.one_in(2)) return "transfer-encoding: Chunked\r\n" + rest + chunked(dice, body, extras);
    return "CONTENT-length: " + std::to_string(body.size()) + "\r\n" + rest + body;
}

Planned plan(Dice& dice, const Shape& shape, bool last) {
    const std::size_t longest = shape.byte_by_byte ? 100 : dice.any_of<std::size_t>({1, 50, 3000, 30000});
    Planned planned;
    planned.method = dice.any_of({"GET", "HEAD", "POST", "PUT", "DELETE", "PURGE", "X-Own"});
    planned.target = dice.any_of({"/", "*", "http://host/"}) + letters(dice, dice.below(40)) + "?q=1";
    planned.request = dice.one_in(8) ? "\r\n" : "";
    const std::size_t empty_line = planned.request.size();
    planned.request += planned.method + " " + planned.target + " HTTP/1.1\r\n" + headers(dice);
    planned.request += dice.one_in(2) ? "\r\n" : framed(dice, longest, !shape.truncated);
    for (std::size_t i = dice.below(3); i > 0 && dice.one_in(3); --i) planned.response += "HTTP/1.1 100 Continue\r\n\r\n";
    planned.status = dice.any_of({200, 201, 204, 304, 404, 500});
    planned.response += "HTTP/1.1 " + std::to_string(planned.status) + " Reason\r\n" + headers(dice);
    if (planned.method == "HEAD" || planned.status == 204 || planned.status == 304) {
        planned.response += dice.one_in(2) ? "Content-Length: 77\r\n\r\n" : "\r\n";
    } else if (last && dice.one_in(2)) {
        planned.response += "\r\n" + letters(dice, longest);
    } else {
        planned.response += framed(dice, longest, !shape.truncated);
    }
    if (empty_line > 0 && shape.truncated) planned.request.erase(0, empty_line);
    return planned;
}

class Conversation {
public:
    Conversation(std::uint32_t seed, const Shape& shape) : dice_(seed), shape_(shape), client_(dice_.one_in(2)) {
        const std::size_t count = 1 + dice_.below(12);
        for (std::size_t i = 0; i < count; ++i) planned_.push_back(plan(dice_, shape, i + 1 == count));
    }

    void run() {
        for (std::size_t first = 0; first < planned_.size();) {
            const std::size_t count = std::min(1 + dice_.below(shape_.depth), planned_.size() - first);
            run_batch(first, count);
            first += count;
        }
        wire_.close();
    }

    void check() const {
        ASSERT_EQ(wire_.sink.lost, Lost{});
        ASSERT_EQ(wire_.sink.seen.size(), planned_.size());
        for (std::size_t i = 0; i < planned_.size(); ++i) check(wire_.sink.seen[i], planned_[i]);
        EXPECT_TRUE(wire_.all_accounted());
    }

private:
    void check(const Seen& seen, const Planned& planned) const {
        const std::size_t request = planned.request.size() - (planned.request.starts_with('\r') ? 2 : 0);
        EXPECT_EQ(seen.exchange.role, client_ ? Role::kClient : Role::kServer);
        EXPECT_EQ(seen.method, planned.method);
        EXPECT_EQ(seen.target, planned.target);
        EXPECT_EQ(seen.exchange.status, planned.status);
        EXPECT_EQ(seen.exchange.bytes_in, client_ ? planned.response.size() : request);
        EXPECT_EQ(seen.exchange.bytes_out, client_ ? request : planned.response.size());
        EXPECT_LT(seen.exchange.begin.nanoseconds, seen.exchange.first_byte.nanoseconds);
        EXPECT_LE(seen.exchange.first_byte.nanoseconds, seen.exchange.end.nanoseconds);
        EXPECT_TRUE(seen.error_type.empty() || seen.error_type == std::to_string(planned.status)) << seen.error_type;
    }

    // Requests and responses of a batch take turns; a response's bytes come after its request.
    void run_batch(std::size_t first, std::size_t count) {
        std::size_t requests = first;
        std::size_t responses = first;
        while (responses < first + count) {
            if (requests < first + count && (requests == responses || dice_.one_in(2))) {
                const std::size_t together = shape_.truncated ? 1 : 1 + dice_.below(first + count - requests);
                feed(client_ ? kOut : kIn, joined(requests, together, &Planned::request));
                requests += together;
            } else {
                const std::size_t together = shape_.truncated ? 1 : 1 + dice_.below(requests - responses);
                feed(client_ ? kIn : kOut, joined(responses, together, &Planned::response));
                responses += together;
            }
        }
    }

    [[nodiscard]] std::string joined(std::size_t first, std::size_t count, std::string Planned::*part) const {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += planned_[first + i].*part;
        return text;
    }

    void feed(Direction direction, std::string_view bytes) {
        if (shape_.byte_by_byte) return wire_.one_by_one(direction, bytes);
        while (!bytes.empty()) {
            const std::size_t longest = dice_.any_of<std::size_t>({10, 500, 10000, bytes.size()});
            const std::size_t count = std::min(bytes.size(), 1 + dice_.below(longest));
            message(direction, bytes.substr(0, count));
            bytes.remove_prefix(count);
        }
    }

    void message(Direction direction, std::string_view bytes) {
        if (!shape_.truncated || bytes.size() <= kWholeLimit + kTail) {
            return wire_.reader.on_bytes(direction, bytes, true, wire_.tick());
        }
        wire_.truncated(direction, bytes.substr(0, kWholeLimit), bytes.size() - kWholeLimit - kTail,
                        bytes.substr(bytes.size() - kTail));
    }

    Dice dice_;
    Shape shape_;
    bool client_;
    std::vector<Planned> planned_;
    Wire wire_;
};

void run_many(const Shape& shape, std::uint32_t count) {
    for (std::uint32_t seed = 1; seed <= count && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Conversation conversation(seed, shape);
        conversation.run();
        conversation.check();
    }
}

TEST(RandomTraffic, split_anywhere_is_counted_exactly) { run_many({}, 400); }
TEST(RandomTraffic, split_into_single_bytes_is_counted_exactly) { run_many({.byte_by_byte = true, .depth = 4}, 100); }
TEST(RandomTraffic, pipelined_is_counted_exactly) { run_many({.depth = 8}, 400); }
TEST(RandomTraffic, captured_by_its_ends_is_counted_exactly) { run_many({.truncated = true}, 400); }
TEST(RandomTraffic, captured_by_its_ends_and_pipelined_is_counted_exactly) {
    run_many({.truncated = true, .depth = 5}, 400);
}

}  // namespace
}  // namespace footfall::http1
