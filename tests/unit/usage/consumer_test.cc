#include "agent/usage/consumer.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace footfall {
namespace {

using testing::MatchesRegex;

Peer peer(const std::string& address) {
    Peer peer;
    peer.family = address.find(':') == std::string::npos ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
    const int family = peer.family == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
    EXPECT_EQ(inet_pton(family, address.c_str(), peer.endpoint.address.data()), 1) << address;
    return peer;
}

Peer unix_peer(std::uint32_t uid) { return {AddressFamily::kUnix, {}, Uid{uid}}; }

std::string text_of(ConsumerNamer& namer, const Peer& peer) { return namer.text(namer.consumer_of(peer)); }

constexpr ConsumerKey kKey{1, 2, 3};

TEST(Consumer, AUnixSocketsPeerIsItsUser) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    EXPECT_EQ(text_of(namer, unix_peer(33)), "uid:33");
    EXPECT_EQ(text_of(namer, unix_peer(0)), "uid:0");
    EXPECT_NE(namer.consumer_of(unix_peer(0)), 0U);
    EXPECT_EQ(text_of(namer, unix_peer(UINT32_MAX)), "uid:4294967295");
}

TEST(Consumer, MachinesOfOnesOwnNetworkAreNamed) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    for (const char* address : {"127.0.0.1", "10.0.0.7", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
                                "100.64.0.1", "::1", "fd00::17", "fc00::1", "fe80::1", "febf::1"}) {
        EXPECT_EQ(text_of(namer, peer(address)), address);
    }
}

TEST(Consumer, PublicAddressesAreHashed) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    for (const char* address : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "11.0.0.1", "192.167.0.1", "126.0.0.1", "128.0.0.1",
                                "100.128.0.1", "2001:db8::1", "fec0::1", "::2", "fe00::1"}) {
        EXPECT_THAT(text_of(namer, peer(address)), MatchesRegex("ip:[0-9a-f]{12}")) << address;
    }
}

TEST(Consumer, AMappedIpv4AddressIsTheIpv4Address) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    EXPECT_EQ(namer.consumer_of(peer("::ffff:10.0.0.7")), namer.consumer_of(peer("10.0.0.7")));
    EXPECT_EQ(namer.consumer_of(peer("::ffff:8.8.8.8")), namer.consumer_of(peer("8.8.8.8")));
}

TEST(Consumer, ThePortMakesNoDifference) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    Peer first = peer("8.8.8.8");
    Peer second = first;
    first.endpoint.port = 40000;
    second.endpoint.port = 40001;
    EXPECT_EQ(namer.consumer_of(first), namer.consumer_of(second));
}

TEST(Consumer, TheHashIsHmacSha256OfTheMappedAddress) {
    // Computed with another implementation: the first 48 bits of HMAC-SHA256(key, ::ffff:8.8.8.8).
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    EXPECT_EQ(text_of(namer, peer("8.8.8.8")), "ip:3884c9673d4c");
}

TEST(Consumer, AnotherKeyGivesAnotherHash) {
    ConsumerNamer one(ConsumerMode::kDefault, kKey);
    ConsumerNamer two(ConsumerMode::kDefault, ConsumerKey{4});
    EXPECT_NE(text_of(one, peer("8.8.8.8")), text_of(two, peer("8.8.8.8")));
}

TEST(Consumer, RandomKeysDiffer) { EXPECT_NE(random_consumer_key().value(), random_consumer_key().value()); }

TEST(Consumer, DifferentAddressesStayDifferentWhateverTheCacheForgets) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    std::set<std::uint64_t> consumers;
    Peer someone = peer("8.0.0.0");
    const auto consumer = [&](std::uint32_t i) {
        const std::uint32_t address = htonl(0x08000000 + i);
        std::memcpy(someone.endpoint.address.data(), &address, sizeof address);
        return namer.consumer_of(someone);
    };
    const std::uint64_t first = consumer(0);
    for (std::uint32_t i = 0; i < 20'000; ++i) consumers.insert(consumer(i));
    EXPECT_EQ(consumers.size(), 20'000U);
    EXPECT_EQ(consumer(0), first);
}

TEST(Consumer, OwnIpv6AddressesPastTheBoundAreHashedNotKept) {
    ConsumerNamer namer(ConsumerMode::kDefault, kKey);
    Peer neighbour = peer("fd00::");
    for (std::uint32_t i = 0; i < 5000; ++i) {
        std::memcpy(neighbour.endpoint.address.data() + 12, &i, sizeof i);
        static_cast<void>(namer.consumer_of(neighbour));
    }
    EXPECT_THAT(text_of(namer, neighbour), MatchesRegex("ip:[0-9a-f]{12}"));
    EXPECT_EQ(text_of(namer, peer("fd00::")), "fd00::");
}

TEST(Consumer, ModesShowHashOrDropEverything) {
    ConsumerNamer shown(ConsumerMode::kAddress, kKey);
    EXPECT_EQ(text_of(shown, peer("8.8.8.8")), "8.8.8.8");
    ConsumerNamer hashed(ConsumerMode::kHash, kKey);
    EXPECT_THAT(text_of(hashed, peer("10.0.0.7")), MatchesRegex("ip:[0-9a-f]{12}"));
    ConsumerNamer none(ConsumerMode::kNone, kKey);
    EXPECT_EQ(none.consumer_of(peer("10.0.0.7")), 0U);
    EXPECT_EQ(none.consumer_of(unix_peer(33)), 0U);
}

}  // namespace
}  // namespace footfall
