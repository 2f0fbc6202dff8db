#include "agent/protocols/fastcgi/request_parameters.h"

#include <algorithm>
#include <utility>

namespace footfall::fastcgi {

void RequestParameters::read(std::string_view bytes) {
    while (!bytes.empty()) {
        switch (phase_) {
            case Phase::kLost:
                return;
            case Phase::kNameLength:
            case Phase::kValueLength:
                take_length_byte(bytes.front());
                bytes.remove_prefix(1);
                break;
            case Phase::kName:
                bytes.remove_prefix(take_name(bytes));
                break;
            case Phase::kValue:
                bytes.remove_prefix(take_value(bytes));
                break;
        }
    }
}

void RequestParameters::skip(std::uint64_t length) {
    if (length == 0) return;
    if (phase_ != Phase::kValue || length > value_left_) {
        phase_ = Phase::kLost;
        return;
    }
    value_left_ -= static_cast<std::uint32_t>(length);
    value_ = nullptr;
    if (value_left_ == 0) phase_ = Phase::kNameLength;
}

void RequestParameters::reset() {
    std::string method = std::move(method_);
    std::string uri = std::move(uri_);
    std::string script = std::move(script_);
    *this = {};
    for (std::string* text : {&method, &uri, &script}) text->clear();
    method_ = std::move(method);
    uri_ = std::move(uri);
    script_ = std::move(script);
}

// One byte, or four of which the first has its highest bit set.
void RequestParameters::take_length_byte(char byte) {
    constexpr std::uint32_t kLong = 0x80;
    constexpr std::uint8_t kLeftOfLong = 3;
    const auto value = static_cast<std::uint8_t>(byte);
    if (length_left_ > 0) {
        length_ = length_ << 8U | value;
        if (--length_left_ == 0) take_length(length_);
        return;
    }
    if ((value & kLong) == 0) return take_length(value);
    length_ = value & ~kLong;
    length_left_ = kLeftOfLong;
}

void RequestParameters::take_length(std::uint32_t length) {
    if (phase_ == Phase::kNameLength) {
        name_left_ = length;
        phase_ = Phase::kValueLength;
        return;
    }
    value_left_ = length;
    name_filled_ = 0;
    phase_ = Phase::kName;
    if (name_left_ == 0) end_name();
}

std::size_t RequestParameters::take_name(std::string_view bytes) {
    const std::string_view piece = bytes.substr(0, name_left_);
    const std::size_t kept = std::min(piece.size(), kNameLimit - name_filled_);
    std::copy_n(piece.begin(), kept, name_ + name_filled_);
    name_filled_ += kept;
    name_left_ -= static_cast<std::uint32_t>(piece.size());
    if (name_left_ == 0) end_name();
    return piece.size();
}

void RequestParameters::end_name() {
    value_ = wanted();
    if (value_ != nullptr) (this->*value_).clear();
    phase_ = value_left_ > 0 ? Phase::kValue : Phase::kNameLength;
}

RequestParameters::Text RequestParameters::wanted() {
    const std::string_view name(name_, name_filled_);
    limit_ = kTargetLimit;
    if (name == "REQUEST_URI") return &RequestParameters::uri_;
    if (name == "SCRIPT_NAME") return &RequestParameters::script_;
    limit_ = kMethodLimit;
    if (name == "REQUEST_METHOD") return &RequestParameters::method_;
    limit_ = kSchemeLimit;
    if (name == "REQUEST_SCHEME") return &RequestParameters::scheme_;
    return name == "HTTPS" ? &RequestParameters::https_ : nullptr;
}

std::size_t RequestParameters::take_value(std::string_view bytes) {
    const std::string_view piece = bytes.substr(0, value_left_);
    if (value_ != nullptr) {
        std::string& value = this->*value_;
        value.append(piece.substr(0, limit_ - value.size()));
    }
    value_left_ -= static_cast<std::uint32_t>(piece.size());
    if (value_left_ == 0) phase_ = Phase::kNameLength;
    return piece.size();
}

}  // namespace footfall::fastcgi
