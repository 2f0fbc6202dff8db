#include "agent/usage/operation_cache.h"

#include <xxhash.h>

#include <algorithm>
#include <random>

namespace footfall {
namespace {

std::uint64_t random_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

}  // namespace

OperationCache::OperationCache() : seed_(random_seed()), sets_(kSets) {}

OperationCache::Key OperationCache::key(std::uint64_t context, std::string_view path) const {
    // The multiplication keeps the seeds of neighbouring contexts apart in all bits.
    const XXH128_hash_t hash = XXH3_128bits_withSeed(path.data(), path.size(), (seed_ ^ context) * 0x9e3779b97f4a7c15);
    return {hash.low64, hash.high64};
}

std::optional<OperationId> OperationCache::find(const Key& key) const {
    const Set& set = sets_[set_of(key)];
    for (std::size_t way = 0; way < kWays; ++way) {
        if (set.keys[way] == key) return set.operations[way];
    }
    return std::nullopt;
}

void OperationCache::insert(const Key& key, OperationId operation) {
    Set& set = sets_[set_of(key)];
    std::shift_right(set.keys.begin(), set.keys.end(), 1);
    std::shift_right(set.operations.begin(), set.operations.end(), 1);
    set.keys.front() = key;
    set.operations.front() = operation;
}

}  // namespace footfall
