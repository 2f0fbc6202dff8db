// The most frequent consumers of one operation, in bounded memory (Space-Saving).
//
// Exact while no more than kTracked consumers come. Past that a consumer who comes anew takes the place of the least
// frequent one, and what is reported is only what was surely counted for it since then: never more than its real uses.
// Whoever has more than 1/kTracked of all uses is tracked. What can't be given to a name is `other`, so the sum is always
// exact. Not synchronized. Never allocates while recording.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace footfall {

class TopConsumers {
public:
    static constexpr std::size_t kTracked = 32;

    struct Row {
        std::uint64_t consumer = 0;
        std::uint64_t uses = 0;
        bool operator==(const Row&) const = default;
    };

    // So many uses of a consumer; 0 stands for "not known". True where it was tracked already.
    bool add(std::uint64_t consumer, std::uint64_t uses = 1);

    // Most frequent first, equal ones by consumer.
    [[nodiscard]] std::vector<Row> rows() const;
    [[nodiscard]] std::uint64_t unknown() const { return unknown_; }
    // total() - unknown() - the sum of rows().
    [[nodiscard]] std::uint64_t other() const;
    [[nodiscard]] std::uint64_t total() const { return total_; }

private:
    struct Counter {
        std::uint64_t uses = 0;   // at least the real uses
        std::uint64_t error = 0;  // at most so many of them were others'
    };

    void replace_least(std::uint64_t consumer, std::uint64_t uses);

    std::array<std::uint64_t, kTracked> consumers_{};  // apart from the counters: a search reads only these
    std::array<Counter, kTracked> counters_{};
    std::size_t tracked_ = 0;
    std::size_t recent_ = 0;
    std::uint64_t unknown_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace footfall
