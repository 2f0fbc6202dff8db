// Remembers which operation a request was, so that a path that comes again costs one hash and one look.
//
// Keys are 128-bit hashes with a seed drawn for each session: two different requests sharing one is as good as impossible,
// and can't be brought about from outside. Bounded: 16,384 requests in sets of four; the oldest of a set gives way. Not
// synchronized. Allocates nothing after construction (512 KiB).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/base/ids.h"

namespace footfall {

class OperationCache {
public:
    struct Key {
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        bool operator==(const Key&) const = default;
    };

    OperationCache();

    // context: everything but the path that a name depends on.
    [[nodiscard]] Key key(std::uint64_t context, std::string_view path) const;
    [[nodiscard]] std::optional<OperationId> find(const Key& key) const;
    void insert(const Key& key, OperationId operation);

private:
    static constexpr std::size_t kSets = 4096;
    static constexpr std::size_t kWays = 4;

    struct Set {
        std::array<Key, kWays> keys{};
        std::array<OperationId, kWays> operations{};
    };

    [[nodiscard]] static std::size_t set_of(const Key& key) { return key.low % kSets; }

    std::uint64_t seed_;
    std::vector<Set> sets_;
};

}  // namespace footfall
