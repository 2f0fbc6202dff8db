// Finds the status in the head of what an application writes (CGI, RFC 3875 §6): a line "Status: 404 Not Found" before the
// first empty line. Without it, a Location means 302, and anything else 200.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall::fastcgi {

class ResponseHead {
public:
    void read(std::string_view bytes);
    void skip() { ended_ = true; }  // some of it passed unseen: what comes behind may be a body
    void reset() { *this = {}; }

    [[nodiscard]] bool ended() const { return ended_; }
    // Of what was read so far.
    [[nodiscard]] std::uint16_t status() const;

private:
    static constexpr std::size_t kLineLimit = 24;  // "Status: 404"

    void end_line();

    std::array<char, kLineLimit> line_{};
    std::uint8_t filled_ = 0;
    bool ended_ = false;
    bool redirects_ = false;
    std::uint16_t status_ = 0;
};

}  // namespace footfall::fastcgi
