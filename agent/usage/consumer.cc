#include "agent/usage/consumer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <nettle/hmac.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace footfall {
namespace {

// A consumer's number: two bits that say what it is, and the rest is it. So most texts need no table.
enum class ConsumerKind : std::uint8_t {
    kUid,        // the uid + 1
    kIpv4,       // the address in host order
    kShownIpv6,  // the index in shown_ipv6_
    kHashed,     // 48 bits
};
constexpr int kKindShift = 62;
constexpr std::uint64_t kValueMask = (std::uint64_t{1} << kKindShift) - 1;
constexpr int kHashBits = 48;

constexpr std::size_t kKnownAddresses = 4096;  // a power of two
constexpr std::size_t kShownIpv6Most = 1024;   // more of one's own addresses than that are hashed

constexpr std::size_t kMappedPrefix = 12;  // ::ffff: in front of an IPv4 address
constexpr std::array<std::uint8_t, kMappedPrefix> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::uint64_t number_of(ConsumerKind kind, std::uint64_t value) {
    return static_cast<std::uint64_t>(kind) << kKindShift | value;
}

using Bytes = std::array<std::uint8_t, 16>;

bool is_ipv4(const Bytes& address) { return std::equal(kMapped.begin(), kMapped.end(), address.begin()); }

std::uint32_t ipv4_of(const Bytes& address) {
    std::uint32_t value = 0;
    std::memcpy(&value, address.data() + kMappedPrefix, sizeof value);
    return ntohl(value);
}

bool is_own_ipv4(std::uint32_t address) {
    struct Network {
        std::uint32_t prefix;
        int length;
    };
    // Loopback, RFC 1918, link-local, and the shared space that is used like private space (RFC 6598).
    static constexpr std::array kOwn{Network{0x7f000000, 8},  Network{0x0a000000, 8},  Network{0xac100000, 12},
                                     Network{0xc0a80000, 16}, Network{0xa9fe0000, 16}, Network{0x64400000, 10}};
    return std::any_of(kOwn.begin(), kOwn.end(),
                       [&](const Network& own) { return (address ^ own.prefix) >> (32 - own.length) == 0; });
}

bool is_own_ipv6(const Bytes& address) {
    const bool unique_local = (address[0] & 0xfe) == 0xfc;
    const bool link_local = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
    const bool loopback = address[15] == 1 && std::all_of(address.begin(), address.end() - 1, [](auto b) { return b == 0; });
    return unique_local || link_local || loopback;
}

std::string ip_text(int family, const void* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, address, text.data(), text.size());
    return text.data();
}

}  // namespace

Result<ConsumerKey> random_consumer_key() {
    ConsumerKey key{};
    if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
        return system_failure("cannot draw a random key for consumers", errno);
    }
    return key;
}

ConsumerNamer::ConsumerNamer(ConsumerMode mode, const ConsumerKey& key) : mode_(mode), key_(key), known_(kKnownAddresses) {}

std::uint64_t ConsumerNamer::consumer_of(const Peer& peer) {
    if (mode_ == ConsumerMode::kNone) return 0;
    if (peer.family == AddressFamily::kUnix) return number_of(ConsumerKind::kUid, std::uint64_t{number(peer.uid)} + 1);
    Address address = peer.endpoint.address;
    if (peer.family == AddressFamily::kIpv4) {
        std::copy(kMapped.begin(), kMapped.end(), address.begin());
        std::copy_n(peer.endpoint.address.begin(), address.size() - kMappedPrefix, address.begin() + kMappedPrefix);
    }
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), address.data(), address.size());
    const std::uint64_t spread = (words[0] * 0x9e3779b97f4a7c15 + words[1]) * 0xff51afd7ed558ccd;
    Known& known = known_[spread >> 52 & (kKnownAddresses - 1)];
    if (known.consumer == 0 || known.address != address) known = {address, name_address(address)};
    return known.consumer;
}

std::uint64_t ConsumerNamer::name_address(const Address& address) {
    if (!shown(address)) return hash_address(address);
    if (is_ipv4(address)) return number_of(ConsumerKind::kIpv4, ipv4_of(address));
    auto found = std::find(shown_ipv6_.begin(), shown_ipv6_.end(), address);
    if (found == shown_ipv6_.end()) {
        if (shown_ipv6_.size() == kShownIpv6Most) return hash_address(address);
        found = shown_ipv6_.insert(shown_ipv6_.end(), address);
    }
    return number_of(ConsumerKind::kShownIpv6, static_cast<std::uint64_t>(found - shown_ipv6_.begin()));
}

bool ConsumerNamer::shown(const Address& address) const {
    switch (mode_) {
        case ConsumerMode::kDefault:
            return is_ipv4(address) ? is_own_ipv4(ipv4_of(address)) : is_own_ipv6(address);
        case ConsumerMode::kAddress:
            return true;
        case ConsumerMode::kHash:
        case ConsumerMode::kNone:
            break;
    }
    return false;
}

std::uint64_t ConsumerNamer::hash_address(const Address& address) const {
    hmac_sha256_ctx context{};
    hmac_sha256_set_key(&context, key_.size(), key_.data());
    hmac_sha256_update(&context, address.size(), address.data());
    std::array<std::uint8_t, sizeof(std::uint64_t)> digest{};
    hmac_sha256_digest(&context, digest.size(), digest.data());
    std::uint64_t hash = 0;
    for (const std::uint8_t byte : digest) hash = hash << 8 | byte;
    return number_of(ConsumerKind::kHashed, hash >> (64 - kHashBits));
}

std::string ConsumerNamer::text(std::uint64_t consumer) const {
    const std::uint64_t value = consumer & kValueMask;
    switch (static_cast<ConsumerKind>(consumer >> kKindShift)) {
        case ConsumerKind::kUid:
            return fmt::format("uid:{}", value - 1);
        case ConsumerKind::kIpv4: {
            const std::uint32_t address = htonl(static_cast<std::uint32_t>(value));
            return ip_text(AF_INET, &address);
        }
        case ConsumerKind::kShownIpv6:
            return ip_text(AF_INET6, shown_ipv6_.at(value).data());
        case ConsumerKind::kHashed:
            break;
    }
    return fmt::format("ip:{:012x}", value);
}

}  // namespace footfall
