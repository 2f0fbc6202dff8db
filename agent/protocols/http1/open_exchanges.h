// The exchanges of one connection that have begun and are not handed out yet, oldest first. A ring that keeps its slots and
// their buffers, so that a warm connection allocates nothing; it grows with the depth of pipelining and shrinks when empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/protocols/protocol.h"

namespace footfall::http1 {

constexpr std::size_t kTargetLimit = 4096;  // bytes kept of a target

struct OpenExchange {
    std::string text;  // the method, then the target
    Stamp began;       // first byte of the request
    MonotonicTime first_byte;
    MonotonicTime end;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    std::uint32_t count = 1;   // exchanges that this one stands for; more than one only when lost
    std::uint16_t status = 0;  // of the final response
    std::uint8_t method_length = 0;
    bool request_begun = false;  // false: its response came first
    bool request_done = false;
    bool response_done = false;
    std::optional<LostReason> lost;  // set: it waits for its response only to keep the order

    [[nodiscard]] std::string_view method() const { return std::string_view(text).substr(0, method_length); }
    [[nodiscard]] std::string_view target() const { return std::string_view(text).substr(method_length); }
    void name(std::string_view method_text, std::string_view target_text);
};

class OpenExchanges {
public:
    static constexpr std::size_t kLimit = 1024;

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] bool full() const { return size_ == kLimit; }
    [[nodiscard]] std::size_t size() const { return size_; }
    OpenExchange& front() { return slots_[first_]; }
    OpenExchange& back() { return slots_[(first_ + size_ - 1) & (slots_.size() - 1)]; }

    OpenExchange& push();  // a blank one; not when full()
    void pop();            // the front

private:
    void grow();

    static constexpr std::size_t kInitial = 1;  // powers of two
    static constexpr std::size_t kKept = 64;

    std::vector<OpenExchange> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace footfall::http1
