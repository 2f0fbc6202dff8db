// Records as the kernel side would write them, for tests of what comes after the ring.
#pragma once

#include <sys/socket.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pipeline/stages.h"
#include "bpf/contract/process_events.h"
#include "bpf/contract/socket_events.h"

namespace footfall {

using Record = std::vector<std::byte>;

template <typename Struct>
Record record_of(Struct fixed, std::uint16_t kind, std::uint64_t time, std::string_view tail = {}) {
    fixed.event = {kind, 0, static_cast<std::uint32_t>(sizeof(Struct) + tail.size()), time};
    Record record(sizeof(Struct) + tail.size());
    std::memcpy(record.data(), &fixed, sizeof(Struct));
    if (!tail.empty()) std::memcpy(record.data() + sizeof(Struct), tail.data(), tail.size());
    return record;
}

inline RawEvent raw(const Record& record) { return {record}; }

inline Record connection_record(std::uint64_t connection, std::uint32_t pid, std::uint64_t time = 1) {
    ff_connection_event event{};
    event.connection = connection;
    event.pid = pid;
    event.family = AF_INET;
    event.local[0] = event.peer[0] = 127;
    event.local[3] = event.peer[3] = 1;
    event.local_port = 8080;
    event.peer_port = 40000;
    std::strcpy(event.comm, "server");
    return record_of(event, FF_EVENT_CONNECTION, time);
}

inline Record message_record(std::uint64_t connection, std::uint32_t pid, ff_direction direction, std::uint64_t position,
                             std::string_view bytes, std::uint64_t time) {
    ff_message_event event{};
    event.connection = connection;
    event.pid = event.tid = pid;
    event.direction = static_cast<std::uint8_t>(direction);
    event.position = position;
    event.length = event.captured = static_cast<std::uint32_t>(bytes.size());
    return record_of(event, FF_EVENT_MESSAGE, time, bytes);
}

inline Record close_record(std::uint64_t connection, ff_close_reason reason, bool final, std::uint64_t time) {
    ff_close_event event{};
    event.connection = connection;
    event.reason = reason;
    event.extent = final ? FF_CLOSED_GONE : FF_CLOSED_HALF;
    return record_of(event, FF_EVENT_CLOSE, time);
}

inline Record described_record(std::uint32_t pid, const std::string& service) {
    ff_described_event event{};
    event.pid = pid;
    const std::string text = service + '\0' + "/usr/sbin/" + service + '\0' + "c0ffee" + '\0';
    event.text_length = static_cast<std::uint32_t>(text.size());
    return record_of(event, FF_EVENT_DESCRIBED, 0, text);
}

}  // namespace footfall
