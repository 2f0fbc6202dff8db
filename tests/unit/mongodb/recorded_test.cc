// What PyMongo 3.11 and FerretDB 1.24 said to each other.
#include <gtest/gtest.h>

#include "tests/unit/mongodb/wire.h"
#include "tests/unit/support/seed_player.h"

namespace footfall::mongodb {
namespace {

std::vector<RecordedMessage> recorded(const std::string& name) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "mongodb/" + name);
}

const Uses kCommands{"ismaster ok",
                     "drop orders_{n}_{n} ok",
                     "drop orders ok",
                     "insert orders ok",
                     "insert orders_{n}_{n} ok",
                     "find orders_{n}_{n} ok",
                     "getMore orders_{n}_{n} ok",
                     "getMore orders_{n}_{n} ok",
                     "createIndexes orders ok",
                     "insert orders 11000",
                     "find x TypeMismatch",
                     "_OTHER CommandNotFound",
                     "find orders BadValue",
                     "aggregate orders ok",
                     "update orders ok",
                     "delete orders ok",
                     "aggregate orders ok",
                     "distinct orders ok",
                     "listCollections ok",
                     "listDatabases ok",
                     "ping ok",
                     "endSessions CommandNotFound"};

TEST(RecordedMongodb, EachCommandIsAUse) {
    Wire wire;
    play(wire, recorded("commands"));
    EXPECT_EQ(wire.uses(), kCommands);
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RecordedMongodb, TheClientsEndSeesTheSame) {
    Wire wire;
    play(wire, recorded("commands"), true);
    EXPECT_EQ(wire.uses(), kCommands);
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(RecordedMongodb, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    play_bytewise(wire, recorded("commands"));
    EXPECT_EQ(wire.uses(), kCommands);
}

TEST(RecordedMongodb, FromTheMiddleOnAllThatBeginsIsCounted) {
    const auto messages = recorded("commands");
    for (std::size_t first = 1; first < messages.size(); ++first) {
        Wire wire(true);
        play(wire, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        const std::size_t requests = (messages.size() - first) / 2;
        EXPECT_EQ(wire.uses(), Uses(kCommands.end() - static_cast<std::ptrdiff_t>(requests), kCommands.end())) << first;
        EXPECT_EQ(wire.sink.lost.size(), first % 2) << "the response to a request from before";
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RecordedMongodb, AnInsertThatIsNotAcknowledgedIsAUse) {
    Wire wire;
    play(wire, recorded("unacknowledged"));
    EXPECT_EQ(wire.uses(), (Uses{"ismaster ok", "insert orders ok", "endSessions CommandNotFound"}));
    EXPECT_TRUE(wire.sink.lost.empty()) << "FerretDB answers it nevertheless";
}

TEST(RecordedMongodb, BatchesThatAreNotKeptWholeAreOk) {
    Wire wire;
    play(wire, recorded("batches"));
    EXPECT_EQ(wire.uses(),
              (Uses{"ismaster ok", "insert big ok", "find big ok", "drop big ok", "endSessions CommandNotFound"}));
}

}  // namespace
}  // namespace footfall::mongodb
