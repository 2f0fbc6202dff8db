#include "agent/pipeline/decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/pipeline/raw_records.h"

namespace footfall {
namespace {

template <typename Type>
Type decoded(const Record& record) {
    const std::optional<Event> event = decode(raw(record));
    EXPECT_TRUE(event && std::holds_alternative<Type>(*event));
    return event ? std::get<Type>(*event) : Type{};
}

TEST(Decoder, AMessageKeepsItsBytesAndPlace) {
    const Record record = message_record(7, 42, FF_SENT, 1000, "HTTP/1.1 200 OK", 5);
    const auto message = decoded<Message>(record);
    EXPECT_EQ(message.connection, ConnectionId{7});
    EXPECT_EQ(message.pid, Pid{42});
    EXPECT_EQ(message.direction, Direction::kSent);
    EXPECT_EQ(message.position, 1000U);
    EXPECT_EQ(message.length, 15U);
    EXPECT_EQ(message.front, "HTTP/1.1 200 OK");
    EXPECT_EQ(message.back, "");
}

TEST(Decoder, ALongMessageHasAFrontAndABack) {
    ff_message_event event{};
    event.length = 100'000;
    event.captured = 4;
    event.tail = 3;
    const Record record = record_of(event, FF_EVENT_MESSAGE, 1, "headend");
    const auto message = decoded<Message>(record);
    EXPECT_EQ(message.front, "head");
    EXPECT_EQ(message.back, "end");
    EXPECT_EQ(message.length, 100'000U);
}

TEST(Decoder, TheRoomThatTheRingAddedIsIgnored) {
    Record record = message_record(7, 42, FF_SENT, 0, "abc", 5);
    record.resize(record.size() + 200, std::byte{0xee});
    EXPECT_EQ(decoded<Message>(record).front, "abc");
    EXPECT_EQ(trimmed(raw(record)).bytes.size(), sizeof(ff_message_event) + 3);
}

TEST(Decoder, AConnectionKeepsItsEndsAndTextThatFillsItsField) {
    ff_connection_event event{};
    event.family = AF_UNIX;
    std::memset(event.comm, 'c', sizeof(event.comm));
    std::memset(event.path, 'p', sizeof(event.path));
    event.inode = 99;
    const Record record = record_of(event, FF_EVENT_CONNECTION, 3);
    const auto seen = decoded<ConnectionSeen>(record);
    EXPECT_EQ(seen.family, AddressFamily::kUnix);
    EXPECT_EQ(seen.comm, std::string(FF_COMM_LENGTH, 'c'));
    EXPECT_EQ(seen.path, std::string(FF_UNIX_PATH_LENGTH, 'p'));
    EXPECT_EQ(seen.inode, 99U);
}

TEST(Decoder, FieldsThatContradictTheSizeAreMalformed) {
    ff_message_event event{};
    event.length = 10;
    event.captured = 11;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1, "01234567890"))));  // more captured than there was
    event.captured = 10;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1, "012"))));  // … than the record holds
    event.captured = 0xffffffff;
    event.tail = 2;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1, "0"))));
    event = {};
    event.direction = 2;
    EXPECT_FALSE(decode(raw(record_of(event, FF_EVENT_MESSAGE, 1))));
}

TEST(Decoder, UnknownKindsAndReasonsAreMalformed) {
    EXPECT_FALSE(decode(raw(close_record(1, static_cast<ff_close_reason>(9), true, 1))));
    EXPECT_FALSE(decode(raw(record_of(ff_close_event{}, 999, 1))));
    ff_described_event unended{};
    unended.text_length = 3;
    EXPECT_FALSE(decode(raw(record_of(unended, FF_EVENT_DESCRIBED, 0, "abc"))));
}

TEST(Decoder, EveryCutOfARecordIsMalformedOrSmaller) {
    const Record whole = connection_record(1, 2);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Record cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_FALSE(decode(raw(cut))) << length;
    }
}

TEST(Decoder, RandomBytesNeverReachOutsideTheRecord) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        Record record(16 + random() % 300);
        for (std::byte& byte : record) byte = static_cast<std::byte>(random());
        const ff_event header{static_cast<std::uint16_t>(1 + random() % 20), 0, static_cast<std::uint32_t>(record.size()),
                              1};
        std::memcpy(record.data(), &header, sizeof(header));
        const auto event = decode(raw(record));
        const auto* message = event ? std::get_if<Message>(&*event) : nullptr;
        if (message == nullptr || message->front.empty()) continue;
        const auto* begin = reinterpret_cast<const char*>(record.data());
        EXPECT_GE(message->front.data(), begin);
        EXPECT_LE(message->back.data() + message->back.size(), begin + record.size());
    }
}

}  // namespace
}  // namespace footfall
