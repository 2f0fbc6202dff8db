// What the ids of prepared statements stand for, where a protocol makes them of the statement's text, so that an id that one
// connection was given is used on others: Cassandra. Bounded: the oldest is forgotten for a new one.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace footfall {

class PreparedNames {
public:
    static constexpr std::size_t kLimit = 16384;
    static constexpr std::size_t kIdLimit = 64;  // of bytes; a longer id is not kept

    struct Name {
        std::string operation;
        std::string collection;
    };

    void keep(std::string_view id, std::string_view operation, std::string_view collection);
    // Null if it was not prepared while footfall watched, or is forgotten. Valid until the next keep().
    [[nodiscard]] const Name* find(std::string_view id) const;
    [[nodiscard]] std::size_t size() const { return names_.size(); }

private:
    // Looked up by what stands in a message, without a copy of it.
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const { return a == b; }
    };

    tsl::robin_map<std::string, Name, Hash, Equal> names_;
    std::deque<std::string> order_;
};

}  // namespace footfall
