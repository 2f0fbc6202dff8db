// Reads a header block of HTTP/2 (HPACK, RFC 7541 §3 and §6) for the few fields that footfall names and judges exchanges by.
// All others only go into the table, without their values.
//
// libnghttp2's inflater is not used here, though tests and fuzzing hold this reader against it: it can't begin in the midst
// of a connection, it copies out each field of each block, and takes 1,296 bytes of an idle direction, where this takes 80.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/http2/hpack_table.h"

namespace footfall::http2 {

constexpr std::size_t kMethodLimit = 64;    // bytes kept of a method …
constexpr std::size_t kTargetLimit = 4096;  // … and of a path

enum class Content : std::uint8_t { kUntold, kOther, kGrpc, kGrpcWeb, kGrpcWebText };

// Text of bounded length, where it is. Not initialised: most of it stays unused.
template <std::size_t limit>
class BoundedText {
public:
    BoundedText() {}  // NOLINT(modernize-use-equals-default): that would fill it with zeros

    [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
    [[nodiscard]] std::array<char, limit>& bytes() { return bytes_; }
    void set_size(std::size_t size) { size_ = size; }
    void assign(std::string_view text) {
        size_ = std::min(text.size(), limit);
        std::copy_n(text.data(), size_, bytes_.data());
    }

private:
    std::array<char, limit> bytes_;
    std::size_t size_ = 0;
};

// What a block says. A field that is not here was not in it, unless something is unresolved: it may be that.
struct Head {
    BoundedText<kMethodLimit> method;
    BoundedText<kTargetLimit> path;
    std::optional<std::uint16_t> status;
    std::optional<std::uint16_t> grpc_status;
    Content content = Content::kUntold;
    bool request_fields = false;   // there are pseudo-header fields of requests …
    bool response_fields = false;  // … or of responses
    bool unresolved = false;       // a field is in the part of the table that is not known
};

enum class BlockResult : std::uint8_t {
    kWhole,
    kCut,     // whole as far as it was given; what follows may have changed the table
    kBroken,  // it breaks the rules; head holds what came before
};

// whole: these are all bytes of the block, not only the first.
BlockResult read_block(std::string_view block, bool whole, HpackTable& table, Head& head);

// What a content-type says, as far as footfall cares.
Content content_of(std::string_view type);

}  // namespace footfall::http2
