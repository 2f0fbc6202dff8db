// Numbers as HotSpot compresses them (UNSIGNED5, src/hotspot/share/utilities/unsigned5.hpp in OpenJDK): up to five bytes,
// each with its six bits, the lowest first. Since version 20 no byte is zero, so that zero ends a stream.
//
// A view, whose bytes must outlive it. Past the end, it answers 0 and stays failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace footfall {

class HotspotNumbers {
public:
    HotspotNumbers(std::span<const std::byte> bytes, bool without_zeros) : bytes_(bytes), excluded_(without_zeros ? 1 : 0) {}

    [[nodiscard]] bool ok() const { return ok_; }

    std::uint8_t byte() {
        ok_ &= at_ < bytes_.size();
        return ok_ ? std::to_integer<std::uint8_t>(bytes_[at_++]) : 0;
    }

    std::uint32_t number() {
        constexpr unsigned kMostBytes = 5;
        constexpr unsigned kBits = 6;
        const unsigned last_below = 192;  // such a byte ends the number
        std::uint32_t sum = 0;
        for (unsigned i = 0; i < kMostBytes; ++i) {
            const std::uint8_t byte = this->byte();
            if (!ok_ || byte < excluded_) return fail();
            sum += static_cast<std::uint32_t>(byte - excluded_) << (i * kBits);
            if (byte < last_below) break;
        }
        return sum;
    }

    // Whose lowest bit is the sign.
    std::int32_t signed_number() {
        const std::uint32_t value = number();
        return static_cast<std::int32_t>((value >> 1) ^ (~(value & 1) + 1));
    }

private:
    std::uint32_t fail() {
        ok_ = false;
        return 0;
    }

    std::span<const std::byte> bytes_;
    std::uint8_t excluded_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace footfall
