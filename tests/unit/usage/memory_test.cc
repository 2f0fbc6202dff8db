// Counting never allocates once it is warm, and no traffic makes it grow without end. Every allocation of this program
// passes through the operators below.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "output/session/snapshot.pb.h"
#include "tests/unit/usage/usage_world.h"

namespace {

std::atomic<std::uint64_t> g_allocations{0};
std::atomic<std::int64_t> g_bytes{0};

}  // namespace

void* operator new(std::size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    ++g_allocations;
    g_bytes += static_cast<std::int64_t>(malloc_usable_size(memory));
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr) g_bytes -= static_cast<std::int64_t>(malloc_usable_size(memory));
    std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }

namespace footfall {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

TEST(UsageMemory, CountingWhatWasSeenBeforeAllocatesNothing) {
    UsageWorld world;
    const auto traffic = [&] {
        for (std::uint8_t i = 0; i < 60; ++i) {
            world.count(exchange("GET", "/orders/42?x=1"), private_peer(i));
            world.count(exchange("POST", "/orders", 500), private_peer(i));
            world.count(exchange("GET", "/missing", 404), private_peer(i));
        }
    };
    traffic();
    const std::uint64_t before = g_allocations;
    traffic();
    EXPECT_EQ(g_allocations, before);
    EXPECT_EQ(world.table.uses(), 360U);
}

TEST(UsageMemory, AFullServiceTakesAFewMebibytes) {
    const std::int64_t before = g_bytes;
    UsageWorld world;
    std::mt19937_64 random(1);
    for (int i = 0; i < 300'000; ++i) {
        const std::string path = "/r" + std::string(1, static_cast<char>('a' + i % 20)) + "/s" +
                                 std::string(1, static_cast<char>('a' + i / 20 % 7));
        Exchange use =
            exchange(i / 140 % 2 == 0 ? "GET" : "PUT", path, std::array<std::uint16_t, 3>{200, 403, 500}[random() % 3]);
        use.end.nanoseconds += random() >> (34 + random() % 25);
        Peer peer = private_peer(0);
        peer.endpoint.address[2] = static_cast<std::uint8_t>(random());
        peer.endpoint.address[3] = static_cast<std::uint8_t>(random());
        world.count(use, peer);
    }
    EXPECT_GE(world.names.operation_count(), 200U);
    RecordProperty("bytes", static_cast<int>(g_bytes - before));
    EXPECT_LT(g_bytes - before, 5 * kMebibyte);
}

std::string rubbish(std::mt19937_64& random, std::size_t longest) {
    std::string text(random() % longest, '\0');
    for (char& c : text) c = static_cast<char>(random() % 6 == 0 ? '/' : random());
    return text;
}

void count_hostile(UsageWorld& world, std::mt19937_64& random) {
    static constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "PUT", "DELETE", "PATCH"};
    const std::string method = random() % 2 == 0 ? rubbish(random, 20) : std::string(kMethods[random() % kMethods.size()]);
    const std::string target = "/" + rubbish(random, 300);
    Exchange hostile = exchange(method, target, static_cast<std::uint16_t>(random() % 2 == 0 ? 200 : random() % 1000));
    hostile.role = random() % 2 == 0 ? Role::kServer : Role::kClient;
    hostile.end.nanoseconds += random() >> (random() % 60);
    Peer peer;
    peer.family = static_cast<AddressFamily>(random() % 3);
    for (auto& byte : peer.endpoint.address) byte = static_cast<std::uint8_t>(random());
    if (random() % 2 == 0) peer.endpoint.address[0] = 0xfd;
    peer.uid = Uid{static_cast<std::uint32_t>(random())};
    world.count(hostile, peer);
}

TEST(UsageMemory, HostileTrafficIsBoundedAndEveryUseIsCounted) {
    const std::int64_t before = g_bytes;
    UsageWorld world;
    std::mt19937_64 random(2);
    static constexpr std::uint64_t kUses = 200'000;
    for (std::uint64_t i = 0; i < kUses / 2; ++i) count_hostile(world, random);
    const std::int64_t half_way = g_bytes - before;
    for (std::uint64_t i = 0; i < kUses / 2; ++i) count_hostile(world, random);
    EXPECT_LT(g_bytes - before, 16 * kMebibyte);
    EXPECT_LT(g_bytes - before, half_way + half_way / 5) << "it stops growing";
    EXPECT_LE(world.names.operation_count(), 2 * (kDefaultOperationLimit + 12));

    Snapshot snapshot;
    world.table.fill(snapshot, {});
    std::uint64_t uses = 0;
    for (const Operation& operation : snapshot.operations()) {
        for (const OutcomeUse& outcome : operation.outcomes()) uses += outcome.uses();
    }
    EXPECT_EQ(uses, kUses);
}

}  // namespace
}  // namespace footfall
