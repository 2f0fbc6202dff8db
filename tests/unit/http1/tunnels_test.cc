// What a connection becomes behind an upgrade or CONNECT: an exchange, and then bytes that are nobody's.
#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

TEST(Tunnels, an_upgrade_is_one_use_at_its_101_and_then_bytes_only) {
    Wire wire;
    const std::string request = "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const std::string response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    wire.received(request);
    wire.sent(response + "\x81\x05hello");
    ASSERT_EQ(wire.uses(), Uses{"GET /chat 101"});
    EXPECT_EQ(wire.last().bytes_in, request.size());
    EXPECT_EQ(wire.last().bytes_out, response.size());
    wire.received(get("/not-a-request"));
    wire.gap(kOut, 5000);
    wire.sent(ok("not a response"));
    wire.end_of_stream(kIn);
    wire.close();
    EXPECT_EQ(wire.uses().size(), 1U);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Tunnels, an_upgrade_that_is_declined_goes_on_as_http) {
    Wire wire;
    for (int i = 0; i < 2; ++i) {
        wire.received("GET /h2c HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab");
        wire.sent(ok("no"));
    }
    EXPECT_EQ(wire.uses(), Uses(2, "GET /h2c 200"));
}

TEST(Tunnels, connect_opens_a_tunnel_only_if_it_is_granted) {
    Wire wire;
    wire.received("CONNECT a:443 HTTP/1.1\r\n\r\n");
    wire.sent("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno");
    wire.received("CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: x\r\n\r\n");
    wire.received("\x16\x03\x01 too early");
    wire.sent("HTTP/1.1 200 Connection established\r\nContent-Length: 9\r\n\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"CONNECT a:443 407", "CONNECT a:443 200"}));
    wire.received("\x16\x03\x01");
    wire.sent("\x16\x03\x01");
    wire.close();
    EXPECT_EQ(wire.uses().size(), 2U);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Tunnels, a_clients_upgrade_may_overtake_its_request) {
    Wire wire;
    wire.received("HTTP/1.1 101 Switching\r\n\r\n\x81");
    EXPECT_TRUE(wire.uses().empty());
    wire.sent(get("/ws"));
    wire.sent(get("/frame"));
    EXPECT_EQ(wire.uses(), Uses{"GET /ws 101"});
    EXPECT_TRUE(wire.all_accounted());
}

}  // namespace
}  // namespace footfall::http1
