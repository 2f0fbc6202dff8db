#include "agent/protocols/mysql/handshake.h"

#include <algorithm>

#include "agent/protocols/mysql/wire.h"

namespace footfall::mysql {
namespace {

constexpr std::uint64_t kProtocolVersion = 10;
constexpr std::size_t kFirstScramble = 8;
constexpr std::size_t kReserved = 19;

bool is_version(std::string_view text) {
    return !text.empty() && text.front() >= '0' && text.front() <= '9' &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

}  // namespace

std::optional<Greeting> read_greeting(std::string_view packet) {
    Fields fields(packet);
    if (fields.integer(1) != kProtocolVersion || !is_version(fields.text_until_zero())) return std::nullopt;
    fields.skip(4);  // thread
    fields.skip(kFirstScramble);
    if (fields.integer(1) != 0 || !fields.ok()) return std::nullopt;
    Greeting greeting;
    greeting.capabilities = static_cast<std::uint32_t>(fields.integer(2));
    if (!fields.ok()) return std::nullopt;
    if (fields.rest().empty()) return greeting;
    fields.skip(3);  // character set, status
    greeting.capabilities |= static_cast<std::uint32_t>(fields.integer(2)) << 16U;
    return greeting;
}

std::optional<LoginRequest> read_login(std::string_view packet) {
    Fields fields(packet);
    LoginRequest login;
    login.capabilities = static_cast<std::uint32_t>(fields.integer(2));
    if ((login.capabilities & kProtocol41) != 0) login.capabilities |= static_cast<std::uint32_t>(fields.integer(2)) << 16U;
    if (!fields.ok()) return std::nullopt;
    login.asks_for_tls = (login.capabilities & kTls) != 0 && packet.size() == kLoginShortest;
    return login;
}

bool is_surely_login(std::string_view packet) {
    constexpr std::size_t kFiller = 9;
    if (packet.size() < kLoginShortest) return false;
    const std::optional<LoginRequest> login = read_login(packet);
    const std::string_view reserved = packet.substr(kFiller, kReserved);
    return login && (login->capabilities & kProtocol41) != 0 &&
           std::ranges::all_of(reserved, [](char c) { return c == '\0'; });
}

}  // namespace footfall::mysql
