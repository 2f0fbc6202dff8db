// Records of bpf/contract for tests of raw files.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pipeline/stages.h"
#include "bpf/contract/socket_events.h"

namespace footfall {

// A whole message event with this payload, as bytes.
inline std::string message_record(std::uint64_t time_ns, std::string_view payload) {
    ff_message_event message{};
    message.event.kind = FF_EVENT_MESSAGE;
    message.event.size = static_cast<std::uint32_t>(sizeof(message) + payload.size());
    message.event.time_ns = time_ns;
    message.connection = 7;
    message.length = static_cast<std::uint32_t>(payload.size());
    message.captured = message.length;
    return std::string(reinterpret_cast<const char*>(&message), sizeof(message)) + std::string(payload);
}

inline RawEvent as_event(const std::string& record) {
    return {{reinterpret_cast<const std::byte*>(record.data()), record.size()}};
}

inline std::string as_text(const RawEvent& event) {
    return {reinterpret_cast<const char*>(event.bytes.data()), event.bytes.size()};
}

// Payloads of many lengths that neither repeat nor are alike.
inline std::vector<std::string> varied_records(std::size_t count) {
    std::vector<std::string> records;
    std::uint64_t state = 42;
    for (std::size_t i = 0; i < count; ++i) {
        std::string payload(i * 37 % 700, '\0');
        for (char& c : payload)
            c = static_cast<char>((state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 56U);
        records.push_back(message_record(i + 1, payload));
    }
    return records;
}

}  // namespace footfall
