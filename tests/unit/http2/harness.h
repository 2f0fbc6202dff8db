// What the tests of the HTTP/2 reader say on the wire: frames, with header blocks by libnghttp2's encoder.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/protocols/http2/http2_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::http2 {

using Wire = WireOf<Http2Reader>;
using Fields = std::vector<std::pair<std::string, std::string>>;

// One direction's HPACK encoder.
class Encoder {
public:
    explicit Encoder(std::size_t table_size = 4096) { nghttp2_hd_deflate_new(&deflater_, table_size); }
    ~Encoder() { nghttp2_hd_deflate_del(deflater_); }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    std::string block(const Fields& fields) {
        std::vector<nghttp2_nv> values;
        for (const auto& [name, value] : fields) {
            values.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                              reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                              NGHTTP2_NV_FLAG_NONE});
        }
        std::string out(nghttp2_hd_deflate_bound(deflater_, values.data(), values.size()), '\0');
        const auto length = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(out.data()), out.size(),
                                                  values.data(), values.size());
        out.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
        return out;
    }
    void resize(std::size_t table_size) { nghttp2_hd_deflate_change_table_size(deflater_, table_size); }

private:
    nghttp2_hd_deflater* deflater_ = nullptr;
};

inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view body) {
    std::string out;
    for (const int shift : {16, 8, 0}) out += static_cast<char>(body.size() >> shift);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
    return out.append(body);
}

inline std::string word(std::uint32_t value) {
    std::string out;
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
    return out;
}

inline std::string headers(Encoder& encoder, std::uint32_t stream, const Fields& fields, bool end_stream) {
    return frame(FrameType::kHeaders, kEndHeaders | (end_stream ? kEndStream : 0), stream, encoder.block(fields));
}
inline std::string data(std::uint32_t stream, std::string_view body, bool end_stream) {
    return frame(FrameType::kData, end_stream ? kEndStream : 0, stream, body);
}
inline std::string settings(std::string_view body = {}) { return frame(FrameType::kSettings, 0, 0, body); }
inline std::string reset(std::uint32_t stream, std::uint32_t error) {
    return frame(FrameType::kRstStream, 0, stream, word(error));
}
inline std::string goaway(std::uint32_t last_stream) { return frame(FrameType::kGoaway, 0, 0, word(last_stream) + word(0)); }

inline Fields get(std::string_view path) {
    return {{":method", "GET"}, {":scheme", "http"}, {":authority", "shop"}, {":path", std::string(path)}};
}
inline Fields call(std::string_view path) {
    return {{":method", "POST"},          {":scheme", "http"}, {":path", std::string(path)},
            {":authority", "shop:50051"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
}
inline Fields status(std::string_view code) { return {{":status", std::string(code)}, {"server", "test"}}; }

// A server process whose client has sent its preface, and both their SETTINGS.
struct Server : Wire {
    explicit Server(bool opened_before = false) : Wire(opened_before) {
        if (opened_before) return;
        received(std::string(kPreface) + settings());
        sent(settings());
    }
    void request(std::uint32_t stream, const Fields& fields, bool end_stream = true) {
        received(headers(client, stream, fields, end_stream));
    }
    void respond(std::uint32_t stream, const Fields& fields, bool end_stream = true) {
        sent(headers(server, stream, fields, end_stream));
    }

    Encoder client;
    Encoder server;
};

}  // namespace footfall::http2
