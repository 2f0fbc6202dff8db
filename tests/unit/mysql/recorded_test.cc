// What clients and MariaDB 10.11 said to each other: PyMySQL (text), mysqlclient (multi, result), Connector/C (prepared),
// the command line (cli, refused, compressed), and a client that asks for CLIENT_DEPRECATE_EOF.
#include "tests/unit/mysql/wire.h"
#include "tests/unit/support/seed_player.h"

namespace footfall::mysql {
namespace {

std::vector<RecordedMessage> recorded(const std::string& name) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "mysql/" + name);
}

Uses played(const std::string& name) {
    Wire wire;
    play(wire, recorded(name));
    EXPECT_TRUE(wire.all_accounted());
    EXPECT_EQ(wire.sink.lost, Lost{});
    Wire client;
    play(client, recorded(name), true);
    EXPECT_EQ(client.uses(), wire.uses()) << "at the other end";
    Wire bytewise;
    play_bytewise(bytewise, recorded(name));
    EXPECT_EQ(bytewise.uses(), wire.uses()) << "byte by byte";
    return wire.uses();
}

TEST(MysqlRecorded, Text) {
    EXPECT_EQ(played("text"),
              (Uses{"SET ok", "DROP TABLE carts ok", "CREATE TABLE carts ok", "INSERT carts ok", "INSERT carts ok",
                    "INSERT carts ok", "SELECT carts ok", "SELECT carts ok", "UPDATE carts ok", "DELETE carts ok",
                    "_OTHER 42000", "SELECT nowhere 42S02", "INSERT carts 23000", "_OTHER 45000", "_OTHER 1644", "PING ok",
                    "USE ok", "COMMIT ok", "ROLLBACK ok"}));
}

TEST(MysqlRecorded, SeveralStatementsAtOnceAndFiles) {
    EXPECT_EQ(played("multi"), (Uses{"SET ok", "SELECT ok", "CALL two ok", "UPDATE carts ok", "SELECT carts ok", "SELECT ok",
                                     "INSERT carts ok", "SELECT ok", "SELECT nowhere 42S02", "SELECT ok", "LOAD carts ok",
                                     "LOAD carts ok", "DELETE carts ok"}));
}

TEST(MysqlRecorded, PreparedStatements) {
    EXPECT_EQ(played("prepared"), (Uses{"PREPARE orders ok",
                                        "SELECT orders ok",
                                        "SELECT orders ok",
                                        "SELECT orders ok",
                                        "RESET orders ok",
                                        "PREPARE orders ok",
                                        "SELECT orders ok",
                                        "FETCH orders ok",
                                        "FETCH orders ok",
                                        "FETCH orders ok",
                                        "FETCH orders ok",
                                        "SELECT orders ok",
                                        "FETCH orders ok",
                                        "FETCH orders ok",
                                        "FETCH orders ok",
                                        "FETCH orders ok",
                                        "PREPARE orders 42S22",
                                        "PREPARE orders ok",
                                        "INSERT orders ok",
                                        "PREPARE orders ok",
                                        "INSERT orders ok",
                                        "INSERT orders 23000",
                                        "PREPARE two ok",
                                        "CALL two ok",
                                        "PREPARE orders ok",
                                        "SELECT orders ok",
                                        "DELETE orders ok",
                                        "PING ok",
                                        "STATISTICS ok",
                                        "USE ok",
                                        "CHANGE USER ok",
                                        "RESET CONNECTION ok",
                                        "SET ok",
                                        "FIELD LIST ok",
                                        "PROCESS INFO ok",
                                        "KILL 1094",
                                        "FLUSH ok",
                                        "ALTER TABLE orders ok"}));
}

TEST(MysqlRecorded, WithoutEofPackets) {
    EXPECT_EQ(played("deprecated_eof"),
              (Uses{"SET ok", "SELECT orders ok", "SELECT orders ok", "PREPARE orders ok", "SELECT orders ok",
                    "SELECT orders ok", "FETCH orders ok", "FETCH orders ok", "PING ok"}));
}

TEST(MysqlRecorded, LongResult) { EXPECT_EQ(played("result"), (Uses{"SET ok", "SELECT seq_1_to_{n} ok", "SELECT ok"})); }

TEST(MysqlRecorded, CommandLine) { EXPECT_EQ(played("cli"), (Uses{"SELECT ok", "USE ok", "SHOW ok", "SELECT carts ok"})); }

TEST(MysqlRecorded, Refused) { EXPECT_EQ(played("refused"), Uses{"CONNECT 28000"}); }

TEST(MysqlRecorded, Compressed) {
    Wire wire;
    for (const RecordedMessage& message : recorded("compressed")) {
        if (wire.reader.standing() == Standing::kCompressed) break;
        message.direction == kIn ? wire.received(message.bytes) : wire.sent(message.bytes);
    }
    EXPECT_EQ(wire.reader.standing(), Standing::kCompressed);
}

// Nothing of what was asked before, all that was asked later.
TEST(MysqlRecorded, FromAnyMessageOnWhatIsWholeIsUsed) {
    for (const std::string name : {"text", "prepared", "deprecated_eof"}) {
        const auto messages = recorded(name);
        Wire whole;
        play(whole, messages);
        for (std::size_t first = 4; first < messages.size(); ++first) {
            const auto cut = messages.begin() + static_cast<std::ptrdiff_t>(first);
            Wire before;
            play(before, {messages.begin(), cut});
            Wire late(true);
            play(late, {cut, messages.end()});
            EXPECT_EQ(late.sink.lost, Lost{}) << name << " from " << first;
            EXPECT_EQ(late.uses().size(), whole.uses().size() - before.reader.started()) << name << " from " << first;
        }
    }
}

}  // namespace
}  // namespace footfall::mysql
