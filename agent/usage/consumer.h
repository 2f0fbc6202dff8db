// Who used a service: one number for each consumer, and the text that people read for it.
//
//   Unix socket                                        uid:33             the peer's user
//   loopback, private and link-local addresses         10.0.0.7           machines of one's own network, by name
//   every other address: people                        ip:5f0c2a9be417    48 bits of HMAC-SHA256(key, address)
//
// The key protects addresses from whoever reads the output: without it, an address can't be computed back from its hash, not
// even by trying all of them, nor can somebody who knows a few pairs find the rest. It is drawn anew for each session and
// never written anywhere, so two sessions can't be joined either, unless one is configured. It does not protect from whoever
// can read this process' memory, and it is no anonymity: equal addresses stay equal within a session.
//
// A client's consumer is the service itself, so there is none (0). Not synchronized. Never allocates while naming.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/pipeline/stages.h"

namespace footfall {

// The other end of a connection, as ConnectionSeen has it.
struct Peer {
    AddressFamily family = AddressFamily::kIpv4;
    Endpoint endpoint;
    Uid uid{};  // Unix sockets only
};

enum class ConsumerMode : std::uint8_t {
    kDefault,  // the table above
    kAddress,  // every address as it is
    kHash,     // every address hashed, private ones too
    kNone,     // no consumers
};

using ConsumerKey = std::array<std::uint8_t, 32>;

// From the kernel's random source.
[[nodiscard]] Result<ConsumerKey> random_consumer_key();

class ConsumerNamer {
public:
    ConsumerNamer(ConsumerMode mode, const ConsumerKey& key);

    // Never 0 for a known peer, except in mode kNone.
    [[nodiscard]] std::uint64_t consumer_of(const Peer& peer);
    // Of a number that consumer_of gave.
    [[nodiscard]] std::string text(std::uint64_t consumer) const;

private:
    using Address = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d

    // What was computed before; a newer address takes the place of an older one.
    struct Known {
        Address address{};
        std::uint64_t consumer = 0;
    };

    [[nodiscard]] std::uint64_t name_address(const Address& address);
    [[nodiscard]] std::uint64_t hash_address(const Address& address) const;
    [[nodiscard]] bool shown(const Address& address) const;

    ConsumerMode mode_;
    ConsumerKey key_;
    std::vector<Known> known_;
    std::vector<Address> shown_ipv6_;  // the addresses too long to be a number; bounded
};

}  // namespace footfall
