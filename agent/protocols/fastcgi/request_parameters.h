// Finds a request's method, path and scheme in its PARAMS stream (FastCGI specification 1.0, §3.4 and §5.2): pairs of name
// and value, each with its length in front, 64 KiB and more of them, split over records anywhere. Nothing else of them is
// kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace footfall::fastcgi {

constexpr std::size_t kMethodLimit = 32;
constexpr std::size_t kTargetLimit = 2048;

class RequestParameters {  // may be moved at any point of the stream
public:
    void read(std::string_view bytes);
    // length bytes passed unseen: more than the value that they began in, and nothing of what follows can be read.
    void skip(std::uint64_t length);
    void reset();

    [[nodiscard]] std::string_view method() const { return method_; }
    // REQUEST_URI as the browser sent it; where the web server does not tell it, SCRIPT_NAME.
    [[nodiscard]] std::string_view target() const { return uri_.empty() ? script_ : uri_; }
    // Its client asks over TLS, as far as the web server tells: REQUEST_SCHEME, or HTTPS that is not "off" (RFC 3875 knows
    // neither; nginx, Apache and lighttpd send them).
    [[nodiscard]] bool https() const { return scheme_ == "https" || (!https_.empty() && https_ != "off"); }
    [[nodiscard]] bool lost() const { return phase_ == Phase::kLost; }

private:
    enum class Phase : std::uint8_t { kNameLength, kValueLength, kName, kValue, kLost };
    using Text = std::string RequestParameters::*;

    static constexpr std::size_t kSchemeLimit = 15;  // as much as a text holds without memory of its own
    static constexpr std::size_t kNameLimit = 16;    // those that are wanted are shorter

    void take_length_byte(char byte);
    void take_length(std::uint32_t length);
    void end_name();
    [[nodiscard]] Text wanted();
    std::size_t take_name(std::string_view bytes);
    std::size_t take_value(std::string_view bytes);

    Phase phase_ = Phase::kNameLength;
    std::uint32_t length_ = 0;      // the one that is being read
    std::uint8_t length_left_ = 0;  // bytes of it to come
    std::uint32_t name_left_ = 0;
    std::uint32_t value_left_ = 0;
    std::size_t name_filled_ = 0;
    char name_[kNameLimit] = {};
    Text value_ = nullptr;   // where the present value goes
    std::size_t limit_ = 0;  // of it
    std::string method_;
    std::string uri_;
    std::string script_;
    std::string scheme_;
    std::string https_;
};

}  // namespace footfall::fastcgi
