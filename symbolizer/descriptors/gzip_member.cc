#include "symbolizer/descriptors/gzip_member.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace footfall {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib: with a gzip header

// z_stream, which ends itself.
class Inflater {
public:
    explicit Inflater(std::string_view bytes) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
        ready_ = inflateInit2(&stream_, kGzipWindow) == Z_OK;
    }
    ~Inflater() {
        if (ready_) inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // Appends what comes next. False at the end, and where it makes no sense.
    bool append_to(std::string& out) {
        std::array<char, 4096> chunk{};
        stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
        stream_.avail_out = chunk.size();
        const int result = ready_ ? inflate(&stream_, Z_NO_FLUSH) : Z_STREAM_ERROR;
        out.append(chunk.data(), chunk.size() - stream_.avail_out);
        ended_ = result == Z_STREAM_END;
        return result == Z_OK;
    }
    [[nodiscard]] bool ended() const { return ended_; }

private:
    z_stream stream_{};
    bool ready_ = false;
    bool ended_ = false;
};

}  // namespace

std::optional<std::string> inflate_member(std::string_view bytes, char first, std::size_t most) {
    Inflater inflater(bytes);
    std::string out;
    while (inflater.append_to(out)) {
        if (!out.starts_with(first) || out.size() > most) return std::nullopt;
    }
    if (!inflater.ended() || !out.starts_with(first) || out.size() > most) return std::nullopt;
    return out;
}

}  // namespace footfall
