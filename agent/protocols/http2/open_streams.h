// The exchanges of one connection that have begun and are not handed out yet, by stream. Slots and their buffers are kept,
// so that a warm connection allocates nothing.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/protocols/http2/grpc_web.h"
#include "agent/protocols/http2/header_block.h"
#include "agent/protocols/http_bodies/call_finder.h"
#include "agent/protocols/protocol.h"

namespace footfall::http2 {

struct OpenStream {
    std::uint32_t id = 0;  // 0: the slot is free
    std::string text;      // the method, the path, and what the body calls
    Stamp began;           // first byte of the request
    MonotonicTime first_byte;
    MonotonicTime last;  // latest byte of the response
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    std::optional<std::uint16_t> grpc_status;
    std::uint16_t status = 0;  // of the final response; 0: none was seen
    std::uint16_t path_length = 0;
    std::uint8_t method_length = 0;
    Content content = Content::kUntold;
    GrpcWebTrailers web;
    CallFinder finder;           // in the request's body
    bool reads_web = false;      // web reads the response's body
    bool request_begun = false;  // false: its response came first
    bool request_done = false;
    bool response_done = false;
    bool has_messages = false;    // the request's body begins with a message of gRPC
    bool has_trailers = false;    // a block of fields ended the response
    bool end_unresolved = false;  // grpc-status may be among what is not known of its response's latest block
    bool doubtful = false;        // its response may have ended in a gap

    [[nodiscard]] std::string_view method() const { return std::string_view(text).substr(0, method_length); }
    [[nodiscard]] std::string_view path() const { return std::string_view(text).substr(method_length, path_length); }
    [[nodiscard]] std::string_view call() const { return std::string_view(text).substr(method_length + path_length); }
    void name(std::string_view method, std::string_view path);
};

class OpenStreams {
public:
    static constexpr std::size_t kLimit = 16384;

    [[nodiscard]] bool empty() const { return places_.empty(); }
    [[nodiscard]] bool full() const { return places_.size() == kLimit; }
    [[nodiscard]] std::size_t size() const { return places_.size(); }
    [[nodiscard]] std::size_t slots() const { return slots_.size(); }  // that are kept

    // Null if it is not open. Valid until the next call of open() or close().
    OpenStream* find(std::uint32_t id) {
        const auto place = places_.find(id);
        return place == places_.end() ? nullptr : &slots_[place->second];
    }
    // A blank one; not when full(), nor for one that is open.
    OpenStream& open(std::uint32_t id);
    // Slots that were for a burst are given back with the first lull after one that did not need them.
    void close(OpenStream& stream);
    void clear();

    // use(OpenStream&) may close the one that it is given, and no other.
    template <typename Use>
    void for_each(Use use) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            if (slots_[i].id != 0) use(slots_[i]);
        }
    }

private:
    void release();

    // Clients count their streams 1, 3, 5, …, so these fill the buckets in order.
    struct Hash {
        std::size_t operator()(std::uint32_t id) const { return id >> 1U; }
    };

    tsl::robin_map<std::uint32_t, std::uint32_t, Hash> places_;  // in slots_, by stream
    std::vector<OpenStream> slots_;
    std::vector<std::uint32_t> free_;
    std::size_t most_ = 0;  // open at once since none was
};

}  // namespace footfall::http2
