// Finds grpc-status in the body of a gRPC-Web response (grpc/grpc: doc/PROTOCOL-WEB.md): the body is messages, each behind a
// flag and its length; the one whose flag has the highest bit holds the trailers as lines of text. In the variant "-text"
// all of it is base64, in one or more pieces, each with its own padding.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/http_bodies/body_reader.h"

namespace footfall::http2 {

// "grpc-status: 5" or "grpc-status:5", in upper case too, without its line's end.
std::optional<std::uint16_t> grpc_status_in(std::string_view line);

class GrpcWebTrailers final : public BodyReader {
public:
    // A body begins. text: in the text variant.
    void start(bool text) {
        *this = {};
        text_ = text;
    }
    void read(std::string_view body) override;
    void lose() override { lost_ = true; }  // the trailers can't be found any more

    // Whether there may be a status that was not found: not all was seen, or what was is no row of messages.
    [[nodiscard]] bool unclear() const { return lost_ || left_ != 0 || header_filled_ != 0 || group_filled_ != 0; }
    [[nodiscard]] std::optional<std::uint16_t> status() const { return status_; }

private:
    void read_messages(std::string_view bytes);
    void read_text(char character);
    void take_trailer_byte(char byte);

    std::uint32_t left_ = 0;  // of the present message
    std::uint8_t header_filled_ = 0;
    std::uint8_t line_filled_ = 0;
    std::uint8_t group_filled_ = 0;
    std::uint8_t padding_ = 0;  // characters of the group that are padding
    bool in_trailers_ = false;
    bool lost_ = false;
    bool text_ = false;
    std::uint32_t group_ = 0;  // base64: bits of up to four characters
    std::array<char, 5> header_{};
    std::array<char, 20> line_{};  // the beginning of the present trailer
    std::optional<std::uint16_t> status_;
};

}  // namespace footfall::http2
