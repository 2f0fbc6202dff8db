// Reads numbers one after another out of bytes that nobody vouches for. Little endian, as x86-64 is.
//
// Past the end, or where a number is not well-formed, it answers 0 and stays failed: callers read what they need and ask
// once. A view: the bytes must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace footfall {

class ByteCursor {
public:
    explicit ByteCursor(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return !ok_ || at_ == bytes_.size(); }
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] std::span<const std::uint8_t> rest() const { return bytes_.subspan(at_); }

    template <typename Number>
    Number number() {
        Number value{};
        const auto from = take(sizeof value);
        if (ok_) std::memcpy(&value, from.data(), sizeof value);
        return value;
    }

    std::uint64_t uleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < kLebBits; shift += 7) {
            const auto byte = number<std::uint8_t>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80U) == 0) return ok_ ? value : 0;
        }
        fail();
        return 0;
    }

    std::int64_t sleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < kLebBits; shift += 7) {
            const auto byte = number<std::uint8_t>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80U) != 0) continue;
            const bool negative = (byte & 0x40U) != 0 && shift + 7 < 64;
            return static_cast<std::int64_t>(negative ? value | (~std::uint64_t{0} << (shift + 7)) : value);
        }
        fail();
        return 0;
    }

    // The text up to a NUL, which is read too.
    std::string_view text() {
        const auto all = rest();
        const auto* const end = all.empty() ? nullptr : std::memchr(all.data(), 0, all.size());
        if (end == nullptr) {
            fail();
            return {};
        }
        const auto length = static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - all.data());
        at_ += length + 1;
        return {reinterpret_cast<const char*>(all.data()), length};
    }

    std::span<const std::uint8_t> take(std::uint64_t size) {
        if (!ok_ || size > bytes_.size() - at_) {
            fail();
            return {};
        }
        const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(size));
        at_ += static_cast<std::size_t>(size);
        return taken;
    }

    void fail() { ok_ = false; }

private:
    static constexpr unsigned kLebBits = 70;  // ten bytes of seven bits hold any 64-bit number

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace footfall
