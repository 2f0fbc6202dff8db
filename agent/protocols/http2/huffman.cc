#include "agent/protocols/http2/huffman.h"

#include <array>
#include <cstdint>

namespace footfall::http2 {
namespace {

constexpr std::size_t kSymbols = 257;  // the bytes, and end of string
constexpr std::size_t kEndOfString = 256;
constexpr unsigned kLongest = 30;  // bits of a code
constexpr unsigned kDirect = 8;    // codes of up to so many bits are looked up at once

// Bits of each symbol's code, by RFC 7541 Appendix B. The code is canonical, so these lengths say all of it.
constexpr std::array<std::uint8_t, kSymbols> kLengths = {13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,  //
                                                         28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,  //
                                                         6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,   //
                                                         5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10,  //
                                                         13, 6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,   //
                                                         7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,   //
                                                         15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,   //
                                                         6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28,  //
                                                         20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,  //
                                                         24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,  //
                                                         22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,  //
                                                         21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,  //
                                                         26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,  //
                                                         19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,  //
                                                         20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,  //
                                                         26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,  //
                                                         30};

struct Code {
    std::uint8_t symbol = 0;
    std::uint8_t length = 0;  // 0: the code is longer than kDirect
};

struct Tables {
    std::array<Code, 1U << kDirect> direct{};               // by the next bits
    std::array<std::uint16_t, kSymbols> symbols{};          // in the order of their codes
    std::array<std::uint32_t, kLongest + 1> first{};        // of the codes of a length: the smallest …
    std::array<std::uint16_t, kLongest + 1> first_place{};  // … whose symbol is here …
    std::array<std::uint16_t, kLongest + 1> count{};        // … and how many there are
};

constexpr Tables make_tables() {
    Tables tables;
    std::uint32_t code = 0;
    std::uint16_t place = 0;
    for (unsigned length = 1; length <= kLongest; ++length) {
        code <<= 1U;
        tables.first[length] = code;
        tables.first_place[length] = place;
        for (std::size_t symbol = 0; symbol < kSymbols; ++symbol) {
            if (kLengths[symbol] != length) continue;
            tables.symbols[place++] = static_cast<std::uint16_t>(symbol);
            if (length <= kDirect) {
                const std::uint32_t begin = code << (kDirect - length);
                for (std::uint32_t i = 0; i < 1U << (kDirect - length); ++i) {
                    tables.direct[begin + i] = {static_cast<std::uint8_t>(symbol), static_cast<std::uint8_t>(length)};
                }
            }
            ++code;
        }
        tables.count[length] = static_cast<std::uint16_t>(place - tables.first_place[length]);
    }
    return tables;
}
constexpr Tables kTables = make_tables();

// The bits that were read and not decoded yet, from the highest on.
struct Window {
    std::uint64_t bits = 0;
    unsigned count = 0;

    void fill(std::string_view& coded) {
        while (count <= 56 && !coded.empty()) {
            bits |= std::uint64_t{static_cast<std::uint8_t>(coded.front())} << (56 - count);
            count += 8;
            coded.remove_prefix(1);
        }
    }
    void drop(unsigned length) {
        bits <<= length;
        count -= length;
    }
    // Less than a byte of ones ends a string.
    [[nodiscard]] bool is_padding() const { return count < 8 && bits >> (64 - count) == (1U << count) - 1; }
};

// The symbol of a code longer than kDirect, kEndOfString if there is none.
std::size_t long_symbol(Window& window) {
    for (unsigned length = kDirect + 1; length <= kLongest && length <= window.count; ++length) {
        const auto place = static_cast<std::uint32_t>(window.bits >> (64 - length)) - kTables.first[length];
        if (place >= kTables.count[length]) continue;
        window.drop(length);
        return kTables.symbols[kTables.first_place[length] + place];
    }
    return kEndOfString;
}

}  // namespace

std::optional<std::size_t> huffman_decode(std::string_view coded, std::span<char> out) {
    std::size_t length = 0;
    Window window;
    for (;;) {
        window.fill(coded);
        if (window.count == 0) return length;
        const Code code = kTables.direct[window.bits >> (64 - kDirect)];
        std::size_t symbol = code.symbol;
        if (code.length != 0 && code.length <= window.count) {
            window.drop(code.length);
        } else {
            if (window.is_padding()) return length;
            symbol = long_symbol(window);
            if (symbol == kEndOfString) return std::nullopt;
        }
        if (length == out.size()) return length;
        out[length++] = static_cast<char>(symbol);
    }
}

}  // namespace footfall::http2
