// The binary protocol, and what begins a message of either.
#include <array>

#include "agent/protocols/memcached/commands.h"

namespace footfall::memcached {
namespace {

constexpr unsigned kRequestMagic = 0x80;
constexpr unsigned kReplyMagic = 0x81;
constexpr unsigned kLongestKey = 250;
constexpr std::uint32_t kLongestBody = 1U << 30U;
constexpr unsigned kStat = 0x10;
constexpr std::size_t kLineLooked = 2048;

struct Opcode {
    std::string_view name;
    Quiet quiet = Quiet::kNever;
};

// By opcode; a quiet one is called as the other one is.
constexpr std::array kOpcodes = std::to_array<Opcode>({
    {"get"},
    {"set"},
    {"add"},
    {"replace"},
    {"delete"},
    {"incr"},
    {"decr"},
    {"quit"},
    {"flush_all"},
    {"get", Quiet::kMiss},
    {"noop"},
    {"version"},
    {"get"},
    {"get", Quiet::kMiss},
    {"append"},
    {"prepend"},
    {"stats"},
    {"set", Quiet::kDone},
    {"add", Quiet::kDone},
    {"replace", Quiet::kDone},
    {"delete", Quiet::kDone},
    {"incr", Quiet::kDone},
    {"decr", Quiet::kDone},
    {"quit", Quiet::kDone},
    {"flush_all", Quiet::kDone},
    {"append", Quiet::kDone},
    {"prepend", Quiet::kDone},
    {"verbosity"},
    {"touch"},
    {"gat"},
    {"gat", Quiet::kMiss},
    {kUnknownCommand},
    {"sasl_list_mechs"},
    {"sasl_auth"},
    {"sasl_step"},
    {"gat"},
    {"gat", Quiet::kMiss},
});

// Of a reply that is no error; what a text command is answered without an error is none here either: a miss, a key that
// exists, and what was not stored.
std::string_view error_of(unsigned status) {
    switch (status) {
        case 0x00:
        case 0x01:
        case 0x02:
        case 0x05:
        case 0x21:  // authentication goes on
            return {};
        case 0x03:
            return "TOO_LARGE";
        case 0x04:
            return "INVALID_ARGUMENTS";
        case 0x06:
            return "NON_NUMERIC_VALUE";
        case 0x07:
            return "WRONG_VBUCKET";
        case 0x20:
            return "AUTHENTICATION_ERROR";
        case 0x81:
            return "UNKNOWN_COMMAND";
        case 0x82:
            return "OUT_OF_MEMORY";
        case 0x83:
            return "NOT_SUPPORTED";
        case 0x84:
            return "INTERNAL_ERROR";
        case 0x85:
            return "BUSY";
        case 0x86:
            return "TEMPORARY_FAILURE";
        default:
            return kUnknownCommand;
    }
}

class Header {
public:
    explicit Header(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] unsigned byte(std::size_t at) const { return static_cast<unsigned char>(bytes_[at]); }
    [[nodiscard]] unsigned short_at(std::size_t at) const { return byte(at) << 8U | byte(at + 1); }
    [[nodiscard]] std::uint32_t word_at(std::size_t at) const {
        return static_cast<std::uint32_t>(short_at(at)) << 16U | short_at(at + 2);
    }
    [[nodiscard]] unsigned opcode() const { return byte(1); }
    [[nodiscard]] unsigned key() const { return short_at(2); }
    [[nodiscard]] unsigned extras() const { return byte(4); }
    [[nodiscard]] unsigned status() const { return short_at(6); }
    [[nodiscard]] std::uint32_t body() const { return word_at(8); }
    [[nodiscard]] std::uint32_t opaque() const { return word_at(12); }
    [[nodiscard]] bool is_sound() const {
        return byte(5) == 0 && key() <= kLongestKey && body() <= kLongestBody && key() + extras() <= body();
    }
    // Of the opcode and the opaque, which an answer repeats.
    [[nodiscard]] std::uint32_t tag() const { return opaque() ^ opcode() * 0x9E3779B1U; }

private:
    std::string_view bytes_;
};

}  // namespace

std::optional<Request> request_of_header(std::string_view bytes) {
    const Header header(bytes);
    if (header.byte(0) != kRequestMagic || !header.is_sound()) return std::nullopt;
    const Opcode opcode = header.opcode() < kOpcodes.size() ? kOpcodes.at(header.opcode()) : Opcode{kUnknownCommand};
    return Request{.name = opcode.name,
                   .family = kBinary,
                   .quiet = opcode.quiet,
                   .has_data = true,
                   .tagged = true,
                   .tag = header.tag(),
                   .data = header.body()};
}

std::optional<Reply> reply_of_header(std::string_view bytes) {
    const Header header(bytes);
    if (header.byte(0) != kReplyMagic || !header.is_sound()) return std::nullopt;
    const bool miss = header.status() == 0x01;
    const bool more = header.opcode() == kStat && header.status() == 0 && header.key() > 0;
    return Reply{.families = kBinary,
                 .result = miss                   ? Result::kMiss
                           : header.status() == 0 ? Result::kDone
                                                  : Result::kOther,
                 .error = error_of(header.status()),
                 .has_data = true,
                 .continues = more,
                 .tagged = true,
                 .tag = header.tag(),
                 .data = header.body()};
}

bool begins_with_request(std::string_view bytes) {
    if (is_binary(bytes.front())) {
        const auto request = bytes.size() >= kBinaryHeader ? request_of_header(bytes) : std::nullopt;
        return request && request->name != kUnknownCommand;
    }
    const std::size_t end = bytes.substr(0, kLineLooked).find('\n');
    std::string_view line = bytes.substr(0, end);
    if (end == std::string_view::npos && bytes.size() < kLineLooked) return false;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto request = request_of_line(line);
    return request && request->name != kUnknownCommand && (request->family != kStore || request->has_data);
}

bool begins_with_reply(std::string_view bytes) {
    if (is_binary(bytes.front())) return bytes.size() >= kBinaryHeader && reply_of_header(bytes).has_value();
    const std::size_t end = bytes.find("\r\n");
    const auto reply = end != std::string_view::npos ? reply_of_line(bytes.substr(0, end)) : std::nullopt;
    return reply && reply->families != kOther;
}

}  // namespace footfall::memcached
