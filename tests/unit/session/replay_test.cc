// A recorded session gives the same table again.
#include "agent/session/replay.h"

#include <gtest/gtest.h>

#include "agent/session/raw_writer.h"
#include "tests/unit/pipeline/raw_records.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

constexpr std::uint32_t kPid = 41;

Record tls_record(std::uint64_t connection, std::uint64_t time) {
    ff_blind_event blind{};
    blind.connection = connection;
    blind.pid = kPid;
    blind.reason = FF_BLIND_TLS;
    return record_of(blind, FF_EVENT_BLIND, time);
}

Record plaintext_record(std::uint64_t connection, std::uint64_t time) {
    ff_plaintext_event begun{};
    begun.connection = connection;
    begun.pid = kPid;
    return record_of(begun, FF_EVENT_PLAINTEXT, time);
}

class Replay : public testing::Test {
protected:
    // What a replay of these records shows.
    Snapshot replayed(const std::vector<Record>& records) {
        auto writer = RawWriter::create(path_, {}, true);
        EXPECT_TRUE(writer);
        for (const Record& record : records) EXPECT_TRUE(writer->append(raw(record)));
        EXPECT_TRUE(writer->finish({}));
        auto replayed = replay_file(path_, Config{}, "test");
        EXPECT_TRUE(replayed) << replayed.error().what;
        return replayed->snapshot;
    }

private:
    ScratchDirectory scratch_;
    std::string path_ = scratch_.file("a.ffraw");
};

// The session knew the process by name only when it had read something of it.
TEST_F(Replay, NamesTheServiceOfAProcessThatShowsTlsBeforeAnythingElse) {
    const Snapshot snapshot = replayed(
        {connection_record(1, kPid, 1), tls_record(1, 2), plaintext_record(1, 3),
         message_record(1, kPid, FF_RECEIVED, 0, "GET /orders/17 HTTP/1.1\r\n\r\n", 4), described_record(kPid, "shop"),
         message_record(1, kPid, FF_SENT, 0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 5)});
    ASSERT_EQ(snapshot.operations_size(), 1);
    EXPECT_EQ(snapshot.operations(0).service(), "shop");
    EXPECT_EQ(snapshot.blind_spots_size(), 0);
}

TEST_F(Replay, KnowsWhatNobodyCouldLookInto) {
    const Snapshot snapshot = replayed({described_record(kPid, "shop"), connection_record(1, kPid, 1), tls_record(1, 2)});
    ASSERT_EQ(snapshot.blind_spots_size(), 1);
    EXPECT_EQ(snapshot.blind_spots(0).service(), "shop");
    EXPECT_EQ(snapshot.blind_spots(0).reason(), "TLS");
}

}  // namespace
}  // namespace footfall
