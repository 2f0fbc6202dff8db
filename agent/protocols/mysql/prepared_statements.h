// The names of the statements that one connection has prepared, by the number that the server gave them. So many are kept;
// then the one that came first goes. Nothing is allocated once as many were open as will be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace footfall::mysql {

class PreparedStatements {
public:
    static constexpr std::size_t kLimit = 512;
    static constexpr std::uint32_t kLast = 0xFF'FF'FF'FF;  // MariaDB: the number of the one that was prepared last

    struct Name {
        std::string text;  // the operation, then the collection
        std::uint8_t operation_length = 0;

        [[nodiscard]] std::string_view operation() const { return std::string_view(text).substr(0, operation_length); }
        [[nodiscard]] std::string_view collection() const { return std::string_view(text).substr(operation_length); }
    };

    // It is being prepared and has no number yet; answers the slot to tell it by.
    std::size_t prepare(std::string_view operation, std::string_view collection);
    void prepared(std::size_t slot, std::uint32_t number);
    void refused(std::size_t slot);
    // Null if it is not known.
    [[nodiscard]] const Name* find(std::uint32_t number);
    void close(std::uint32_t number);
    // As new; keeps its room if that is small.
    void clear();

private:
    static constexpr std::uint32_t kFree = 0xFF'FF'FF'FE;
    static constexpr std::uint32_t kUnnumbered = 0xFF'FF'FF'FD;
    static constexpr std::size_t kKept = 8;
    static constexpr std::size_t kNone = ~std::size_t{0};

    std::size_t slot_of(std::uint32_t number);
    std::size_t free_slot();

    // Side by side, so that a search looks at little memory.
    std::vector<std::uint32_t> numbers_;
    std::vector<Name> names_;
    std::size_t found_ = 0;     // where the last one was
    std::size_t next_ = 0;      // where a free one, or the oldest, is looked for
    std::size_t last_ = kNone;  // the one that was prepared last
};

}  // namespace footfall::mysql
