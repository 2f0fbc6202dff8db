#include "symbolizer/elf/mini_debug_info.h"

#include <lzma.h>

#include <algorithm>
#include <cstdint>

namespace footfall {
namespace {

constexpr std::uint64_t kMaxDictionaryBytes = std::uint64_t{96} << 20;  // what xz -9 asks for, and some
constexpr std::size_t kFirstGuess = std::size_t{256} << 10;

class XzDecoder {
public:
    explicit XzDecoder(std::string_view input) {
        ready_ = lzma_stream_decoder(&stream_, kMaxDictionaryBytes, 0) == LZMA_OK;
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        stream_.avail_in = input.size();
    }
    ~XzDecoder() { lzma_end(&stream_); }
    XzDecoder(const XzDecoder&) = delete;
    XzDecoder& operator=(const XzDecoder&) = delete;

    // Fills bytes from position on; moves position.
    lzma_ret fill(std::vector<char>& bytes, std::size_t& position) {
        if (!ready_) return LZMA_MEM_ERROR;
        stream_.next_out = reinterpret_cast<std::uint8_t*>(bytes.data() + position);
        stream_.avail_out = bytes.size() - position;
        const lzma_ret result = lzma_code(&stream_, LZMA_FINISH);
        position = bytes.size() - stream_.avail_out;
        return result;
    }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool ready_ = false;
};

}  // namespace

tl::expected<std::vector<char>, Miss> inflate_mini_debug_info(std::string_view section, std::size_t max_bytes) {
    XzDecoder decoder(section);
    std::vector<char> bytes(std::min(max_bytes, kFirstGuess));
    std::size_t size = 0;
    while (true) {
        const lzma_ret result = decoder.fill(bytes, size);
        if (result == LZMA_STREAM_END) break;
        if (result == LZMA_MEMLIMIT_ERROR) return tl::unexpected(Miss::kTooLarge);
        if (result != LZMA_OK || size < bytes.size()) return tl::unexpected(Miss::kMalformed);
        if (bytes.size() >= max_bytes) return tl::unexpected(Miss::kTooLarge);
        bytes.resize(std::min(max_bytes, bytes.size() * 2));
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace footfall
