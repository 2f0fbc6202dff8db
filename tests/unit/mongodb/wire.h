// MongoDB's messages, made by libbson from JSON.
#pragma once

#include <bson/bson.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/protocols/mongodb/mongodb_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::mongodb {

using Wire = WireOf<MongodbReader>;

inline std::string document(const std::string& json) {
    bson_error_t error;
    bson_t* parsed =
        bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
    EXPECT_NE(parsed, nullptr) << json << error.message;
    std::string bytes(reinterpret_cast<const char*>(bson_get_data(parsed)), parsed->len);
    bson_destroy(parsed);
    return bytes;
}

inline std::string word(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

inline std::string message(std::uint32_t code, std::uint32_t id, std::uint32_t answers, const std::string& body) {
    return word(static_cast<std::uint32_t>(16 + body.size())) + word(id) + word(answers) + word(code) + body;
}

inline std::string section(const std::string& json) { return '\0' + document(json); }
// A sequence of documents under the name that its command has for them.
inline std::string sequence(const std::string& name, const std::string& documents) {
    return '\1' + word(static_cast<std::uint32_t>(4 + name.size() + 1 + documents.size())) + name + '\0' + documents;
}

constexpr std::uint32_t kMoreToCome = 2;

inline std::string request(std::uint32_t id, const std::string& json, std::uint32_t flags = 0) {
    return message(2013, id, 0, word(flags) + section(json));
}
inline std::string response(std::uint32_t answers, const std::string& json, std::uint32_t flags = 0,
                            std::uint32_t id = 900) {
    return message(2013, id, answers, word(flags) + section(json));
}
inline std::string ok(std::uint32_t answers) { return response(answers, R"({"n": 1, "ok": 1.0})"); }

inline std::string query(std::uint32_t id, const std::string& name, const std::string& json) {
    return message(2004, id, 0, word(0) + name + '\0' + word(0) + word(0xFFFFFFFF) + document(json));
}
inline std::string reply(std::uint32_t answers, std::uint32_t flags, const std::string& json) {
    return message(1, 900, answers, word(flags) + word(0) + word(0) + word(0) + word(1) + document(json));
}

}  // namespace footfall::mongodb
