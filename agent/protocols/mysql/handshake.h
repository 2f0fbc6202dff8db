// How a connection begins: the server greets, the client answers with what it can do, perhaps asks for TLS first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall::mysql {

// Bits of the capabilities; what counts are those of both ends.
constexpr std::uint32_t kCompress = 1U << 5U;
constexpr std::uint32_t kProtocol41 = 1U << 9U;
constexpr std::uint32_t kTls = 1U << 11U;
constexpr std::uint32_t kDeprecateEof = 1U << 24U;
constexpr std::uint32_t kZstd = 1U << 26U;

// Of what was kept of a packet; none if it is no greeting.
struct Greeting {
    std::uint32_t capabilities = 0;
};
std::optional<Greeting> read_greeting(std::string_view packet);

struct LoginRequest {
    std::uint32_t capabilities = 0;
    bool asks_for_tls = false;  // this was all, before TLS begins
};
std::optional<LoginRequest> read_login(std::string_view packet);

// A login whose greeting was not seen: as the above, and nothing in it that its layout does not allow.
bool is_surely_login(std::string_view packet);

constexpr std::uint32_t kLoginShortest = 32;  // capabilities, longest packet, character set, filler
constexpr std::uint32_t kGreetingKept = 512;  // bytes; the version is the only part that may be longer than a few

}  // namespace footfall::mysql
