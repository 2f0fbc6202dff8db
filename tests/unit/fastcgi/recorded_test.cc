// What nginx 1.22 and PHP 8.2's FastCGI server said to each other on a kept connection.
#include <gtest/gtest.h>

#include "tests/unit/fastcgi/wire.h"
#include "tests/unit/support/seed_player.h"

namespace footfall::fastcgi {
namespace {

std::vector<RecordedMessage> recorded() {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "fastcgi/kept");
}

const Uses kUses{"GET /kept/a/200 200",    "GET /kept/b/404?secret=1 404", "GET /kept/c/302 302",
                 "GET /kept/d/500 500",    "GET /kept/e?bytes=30000 200",  "POST /kept/form 200",
                 "GET /php/single/404 404"};

TEST(RecordedFastcgi, EachRequestIsAUse) {
    Wire wire;
    play(wire, recorded());
    EXPECT_EQ(wire.uses(), kUses);
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(RecordedFastcgi, TheClientsEndSeesTheSame) {
    Wire wire;
    play(wire, recorded(), true);
    EXPECT_EQ(wire.uses(), kUses);
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(RecordedFastcgi, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    play_bytewise(wire, recorded());
    EXPECT_EQ(wire.uses(), kUses);
}

TEST(RecordedFastcgi, FromTheMiddleOnAllThatBeginsIsCounted) {
    const auto messages = recorded();
    for (std::size_t first = 1; first < messages.size(); ++first) {
        Wire before;
        play(before, {messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(first)});
        const std::size_t begun = before.reader.started();
        Wire wire(true);
        play(wire, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        EXPECT_EQ(wire.uses(), Uses(kUses.begin() + static_cast<std::ptrdiff_t>(begun), kUses.end())) << first;
        EXPECT_TRUE(wire.all_accounted());
    }
}

}  // namespace
}  // namespace footfall::fastcgi
