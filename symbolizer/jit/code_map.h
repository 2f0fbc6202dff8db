// Which function lies where in code that is made at run time: ranges of addresses that do not overlap, because a new
// function takes the place of what was there. Bounded in bytes. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "symbolizer/frame.h"

namespace footfall {

struct JitFunction {
    std::string_view name;     // valid until the map changes
    std::uint64_t offset = 0;  // bytes from the start of the function
};

class CodeMap {
public:
    explicit CodeMap(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // False when the map is full. An empty range, or one past the end of the address space, changes nothing.
    bool add(std::uint64_t start, std::uint64_t size, std::string_view name);
    // The function that starts at from is now at to; false when there is none.
    bool move(std::uint64_t from, std::uint64_t to);
    void clear();

    // kNoMap while nothing was added, kOutsideOfSymbols where no function covers the address, or kTooLarge when functions
    // had to be left out.
    [[nodiscard]] tl::expected<JitFunction, Miss> find(std::uint64_t address) const;

    // Functions had to be left out.
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] std::size_t ranges() const { return ranges_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Range {
        std::uint64_t end = 0;
        std::uint64_t function_start = 0;  // differs from the range's own where its head was overwritten
        std::string name;
    };
    using Ranges = std::map<std::uint64_t, Range>;

    void insert(std::uint64_t start, Range range);
    void keep_rest(std::uint64_t start, const Range& of);
    Ranges::iterator erase(Ranges::iterator at);
    void make_room(std::uint64_t start, std::uint64_t end);
    static std::size_t cost_of(const Range& range);

    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    bool full_ = false;
    Ranges ranges_;
};

}  // namespace footfall
