#include "agent/usage/distinct_counter.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace footfall {
namespace {

constexpr std::size_t kRegisters = std::size_t{1} << DistinctCounter::kRegisterBits;
constexpr int kRankBits = 64 - DistinctCounter::kRegisterBits;

// The finalizer of SplitMix64: a bijection, so different values stay different.
std::uint64_t mix(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

// sigma and tau correct for registers that are empty and full: O. Ertl, "New cardinality estimation algorithms for
// HyperLogLog sketches" (2017), algorithm 6.
double sigma(double x) {
    if (x == 1.0) return HUGE_VAL;
    double y = 1;
    double z = x;
    for (double before = -1; z != before;) {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    }
    return z;
}

double tau(double x) {
    if (x == 0.0 || x == 1.0) return 0;
    double y = 1;
    double z = 1 - x;
    for (double before = -1; z != before;) {
        x = std::sqrt(x);
        before = z;
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
}

double estimate(const std::vector<std::uint8_t>& registers) {
    std::array<std::uint32_t, kRankBits + 2> ranks{};
    for (const std::uint8_t rank : registers) ++ranks.at(rank);
    static constexpr auto kCount = static_cast<double>(kRegisters);
    double z = kCount * tau(1 - ranks.at(kRankBits + 1) / kCount);
    for (std::size_t rank = kRankBits; rank >= 1; --rank) z = (z + ranks.at(rank)) / 2;
    z += kCount * sigma(ranks.front() / kCount);
    return kCount * kCount / (2 * std::log(2.0) * z);
}

}  // namespace

void DistinctCounter::add(std::uint64_t value) { add_mixed(mix(value)); }

void DistinctCounter::add_mixed(std::uint64_t hash) {
    if (!exact()) return add_to_registers(hash);
    if (std::find(exact_.begin(), exact_.end(), hash) != exact_.end()) return;
    if (exact_.size() < kExactMost) {
        exact_.push_back(hash);
        return;
    }
    become_estimate();
    add_to_registers(hash);
}

void DistinctCounter::add_to_registers(std::uint64_t hash) {
    // The bit below the ones that rank counts stops the count where they are all zero.
    const std::uint64_t rest = hash << kRegisterBits | std::uint64_t{1} << (kRegisterBits - 1);
    const auto rank = static_cast<std::uint8_t>(__builtin_clzll(rest) + 1);
    std::uint8_t& slot = registers_[hash >> kRankBits];
    slot = std::max(slot, rank);
}

void DistinctCounter::become_estimate() {
    registers_.resize(kRegisters);
    for (const std::uint64_t hash : exact_) add_to_registers(hash);
    exact_ = {};
}

void DistinctCounter::merge(const DistinctCounter& other) {
    if (other.exact()) {
        for (const std::uint64_t hash : other.exact_) add_mixed(hash);
        return;
    }
    if (exact()) become_estimate();
    for (std::size_t i = 0; i < kRegisters; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::uint64_t DistinctCounter::count() const {
    if (exact()) return exact_.size();
    return static_cast<std::uint64_t>(std::llround(estimate(registers_)));
}

}  // namespace footfall
