// What a connection's prepared statements and portals do: their short names ("SELECT", "orders"), never their text.
//
// The numbers of both are bounded; the one that was not used for longest is forgotten. What was prepared before footfall
// came is not known, and called kUnknown.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace footfall::postgresql {

// What a statement does, in one string: the operation, then the collection.
struct ShortName {
    std::string text;
    std::uint8_t operation_length = 0;

    [[nodiscard]] std::string_view operation() const { return std::string_view(text).substr(0, operation_length); }
    [[nodiscard]] std::string_view collection() const { return std::string_view(text).substr(operation_length); }
    // operation: at most 255 bytes. Keeps the buffer.
    void set(std::string_view operation, std::string_view collection);
    void set(const ShortName& other) { set(other.operation(), other.collection()); }
};

class Statements {
public:
    static constexpr std::size_t kStatementLimit = 512;
    static constexpr std::size_t kPortalLimit = 64;

    struct Portal {
        ShortName name;
        bool executed = false;  // since it was bound
        std::uint64_t used = 0;
    };

    // The empty string is the unnamed statement, and the unnamed portal.
    void prepare(std::string_view statement, std::string_view operation, std::string_view collection);
    void bind(std::string_view portal, std::string_view statement);
    void close_statement(std::string_view statement);
    void close_portal(std::string_view portal);

    [[nodiscard]] const ShortName& statement(std::string_view name);
    // Null if it is not known.
    [[nodiscard]] Portal* portal(std::string_view name);
    [[nodiscard]] const ShortName& unknown() const { return unknown_; }

    void clear();

private:
    struct Prepared {
        ShortName name;
        std::uint64_t used = 0;
    };
    // By a hash of the name: two of one hash would share what they do.
    using Key = std::uint64_t;

    Prepared unnamed_;
    Portal unnamed_portal_;
    tsl::robin_map<Key, Prepared> prepared_;
    tsl::robin_map<Key, Portal> portals_;
    ShortName unknown_{"EXECUTE{unknown}", 7};
    bool has_unnamed_ = false;
    bool has_unnamed_portal_ = false;
    std::uint64_t clock_ = 0;
};

}  // namespace footfall::postgresql
