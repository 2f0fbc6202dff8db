// Text from watched programs is bytes until proven otherwise. These make it UTF-8, one U+FFFD for every byte that is not.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace footfall {

constexpr char32_t kReplacementCharacter = 0xFFFD;

// Takes the next character off the front of `rest`, which must not be empty. An invalid sequence (overlong forms, surrogates
// and numbers past U+10FFFF are invalid too) takes one byte; the result is then not `valid`.
struct DecodedCharacter {
    char32_t character = kReplacementCharacter;
    bool valid = false;
};
DecodedCharacter take_character(std::string_view& rest);

void append_utf8(std::string& out, char32_t character);

[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] std::string to_utf8(std::string_view text);

// The same for every string field of a message, at any depth. proto3 refuses to read a message that has an invalid one, so a
// file must never be written with it.
void make_strings_utf8(google::protobuf::Message& message);

}  // namespace footfall
