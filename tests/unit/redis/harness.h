// RESP as a test writes it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "agent/protocols/redis/redis_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::redis {

using Wire = WireOf<RedisReader>;

// A request as clients send it.
inline std::string ask(std::initializer_list<std::string_view> words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words) {
        text += "$" + std::to_string(word.size()) + "\r\n";
        text += word;
        text += "\r\n";
    }
    return text;
}

inline std::string times(std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

}  // namespace footfall::redis
