// How many different values were seen, in bounded memory: exact up to kExactMost, an estimate after that.
//
// The estimate is a HyperLogLog with 2^11 registers and Ertl's estimator: standard error 1.04 / sqrt(2048) = 2.3 %, 2 KiB.
// Not synchronized. Allocates while it is exact (once for each doubling) and once when it turns into an estimate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace footfall {

class DistinctCounter {
public:
    static constexpr std::size_t kExactMost = 64;
    static constexpr int kRegisterBits = 11;

    // Any 64-bit identity will do: it is mixed here.
    void add(std::uint64_t value);
    // Afterwards this is what it would be if it had been given everything that `other` was.
    void merge(const DistinctCounter& other);

    [[nodiscard]] std::uint64_t count() const;
    [[nodiscard]] bool exact() const { return registers_.empty(); }

private:
    void add_mixed(std::uint64_t hash);
    void add_to_registers(std::uint64_t hash);
    void become_estimate();

    std::vector<std::uint64_t> exact_;     // mixed values
    std::vector<std::uint8_t> registers_;  // empty: still exact
};

}  // namespace footfall
