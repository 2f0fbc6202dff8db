#include "agent/connections/connection_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace footfall {
namespace {

class RecordingSink final : public ConnectionSink {
public:
    void on_exchange(const Exchange& exchange) override {
        uses.push_back(std::to_string(number(exchange.connection)) + " " + std::string(exchange.target) + " " +
                       std::to_string(exchange.status) + " " + std::string(exchange.error_type));
    }
    void on_lost(LostReason reason) override { lost.push_back(reason); }
    void on_wrong_guess(ConnectionId, Protocol) override {}
    void on_compressed(const ConnectionInfo&, Protocol, MonotonicTime) override {}
    bool on_encrypted(const ConnectionInfo&, Protocol, MonotonicTime) override { return true; }
    void on_no_more_blind(const ConnectionInfo&, BlindReason) override { ++no_more_blind; }
    void on_stayed_blind(const ConnectionInfo&, BlindReason) override { ++stayed_blind; }
    void on_gone(ConnectionId) override {}

    std::vector<std::string> uses;
    std::vector<LostReason> lost;
    int no_more_blind = 0;
    int stayed_blind = 0;
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kUntilClose = "HTTP/1.0 200 OK\r\n\r\nbody";
constexpr Direction kIn = Direction::kReceived;
constexpr Direction kOut = Direction::kSent;

using Uses = std::vector<std::string>;
using Dropped = std::optional<DropReason>;

class Connections : public ::testing::Test {
protected:
    static constexpr std::size_t kLimit = 4;

    Dropped open(std::uint64_t id, AddressFamily family = AddressFamily::kIpv4, Pid pid = Pid{10}) {
        ConnectionSeen seen;
        seen.time = {++now};
        seen.connection = ConnectionId{id};
        seen.family = family;
        seen.pid = pid;
        const std::string path = "/run/" + std::to_string(id);  // gone after the call, as a record is
        seen.path = path;
        return table.on(seen);
    }
    Dropped move(std::uint64_t id, Direction direction, std::string_view bytes,
                 std::optional<Protocol> protocol = Protocol::kHttp1) {
        Message message;
        message.time = {++now};
        message.connection = ConnectionId{id};
        message.direction = direction;
        message.protocol = protocol;
        message.position = positions[{id, direction}];
        message.length = static_cast<std::uint32_t>(bytes.size());
        message.front = bytes;
        positions[{id, direction}] += bytes.size();
        return table.on(message);
    }
    Dropped request(std::uint64_t id, const std::string& target = "/", Direction direction = kIn) {
        return move(id, direction, "GET " + target + " HTTP/1.1\r\n\r\n");
    }
    Dropped close(std::uint64_t id, CloseReason reason, bool final, bool held = false) {
        return table.on(
            ConnectionClosed{{++now}, ConnectionId{id}, reason, final, held, {positions[{id, kIn}], positions[{id, kOut}]}});
    }
    // The kernel side counted it, and its event was lost.
    void lose_event(std::uint64_t id, Direction direction, std::string_view bytes) {
        positions[{id, direction}] += bytes.size();
    }

    RecordingSink sink;
    ConnectionTable table{sink, kLimit};
    std::map<std::pair<std::uint64_t, Direction>, std::uint64_t> positions;
    std::uint64_t now = 0;
};

TEST_F(Connections, hold_what_is_too_short_to_tell_its_protocol) {
    open(1);
    move(1, kIn, "GE", std::nullopt);
    move(1, kIn, "T /held HTTP/1.1\r\n\r\n");
    move(1, kOut, kOk);
    EXPECT_EQ(sink.uses, Uses{"1 /held 200 "});
}

// There may be many connections of whatever it is.
TEST_F(Connections, hold_no_bytes_of_what_is_long) {
    open(1);
    move(1, kIn, "GET /" + std::string(16000, 'x') + " HTTP/1.1\r\n\r\n", std::nullopt);
    request(1, "/next");
    move(1, kOut, kOk);
    EXPECT_EQ(sink.uses, Uses{"1 /next 200 "});
    EXPECT_EQ(sink.lost, std::vector{LostReason::kGap});
}

TEST_F(Connections, keep_their_exchanges_apart) {
    open(1);
    open(2);
    request(1, "/one");
    request(2, "/two");
    move(2, kOut, kOk);
    move(1, kOut, kOk);
    EXPECT_EQ(sink.uses, (Uses{"2 /two 200 ", "1 /one 200 "}));
}

TEST_F(Connections, a_message_of_an_unknown_one_is_dropped_by_name) {
    EXPECT_EQ(request(9), DropReason::UNKNOWN_CONNECTION);
    EXPECT_EQ(open(9), std::nullopt);
    EXPECT_EQ(request(9), std::nullopt);
}

TEST_F(Connections, beyond_the_limit_are_dropped_by_name) {
    for (std::uint64_t id = 1; id <= kLimit; ++id) EXPECT_EQ(open(id), std::nullopt);
    EXPECT_EQ(open(5), DropReason::CONNECTION_LIMIT);
    EXPECT_EQ(open(1), std::nullopt) << "a second sight is no second connection";
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(open(5), std::nullopt);
    EXPECT_EQ(table.size(), kLimit);
}

TEST_F(Connections, drop_reasons_have_the_names_that_users_see) {
    EXPECT_EQ(name(DropReason::CONNECTION_LIMIT), "connection_limit");
    EXPECT_EQ(name(DropReason::UNKNOWN_CONNECTION), "unknown_connection");
}

TEST_F(Connections, are_found_while_they_are_open) {
    EXPECT_EQ(table.find(ConnectionId{1}), nullptr);
    open(1, AddressFamily::kUnix, Pid{77});
    const ConnectionInfo* info = table.find(ConnectionId{1});
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->pid, Pid{77});
    EXPECT_EQ(info->family, AddressFamily::kUnix);
    EXPECT_EQ(info->path, "/run/1");
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(table.find(ConnectionId{1}), nullptr);
}

TEST_F(Connections, that_close_cut_what_is_open) {
    open(1);
    request(1, "/a");
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.uses, Uses{"1 /a 0 closed"});
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(close(1, CloseReason::kLocal, true), std::nullopt);
}

TEST_F(Connections, that_the_peer_reset_linger_until_the_application_has_learnt_of_it) {
    open(1);
    request(1, "/a", kOut);
    close(1, CloseReason::kReset, true);
    EXPECT_TRUE(sink.uses.empty());
    move(1, kIn, kOk);  // it was in the socket's buffer when the reset came
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
    close(1, CloseReason::kReset, false);  // the next call fails
    EXPECT_EQ(table.size(), 0U);
}

TEST_F(Connections, whose_application_has_the_socket_linger_for_what_it_reads_after_the_end) {
    open(1);
    request(1, "/a", kOut);
    close(1, CloseReason::kLocal, false);
    close(1, CloseReason::kLocal, true, true);
    EXPECT_EQ(move(1, kIn, kOk), std::nullopt);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
    move(1, kIn, "");
    EXPECT_EQ(table.size(), 0U);
}

TEST_F(Connections, that_the_peer_reset_linger_for_a_second_at_the_most) {
    open(1);
    request(1, "/a");
    close(1, CloseReason::kReset, true);
    table.advance({now + 999'999'999});
    EXPECT_EQ(table.size(), 1U);
    table.advance({now + 1'000'000'000});
    EXPECT_EQ(sink.uses, Uses{"1 /a 0 reset"});
    EXPECT_EQ(table.size(), 0U);
}

TEST_F(Connections, a_reset_that_is_not_final_cuts_at_once) {
    open(1);
    request(1, "/a");
    close(1, CloseReason::kReset, false);
    EXPECT_EQ(sink.uses, Uses{"1 /a 0 reset"});
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.uses.size(), 1U);
}

TEST_F(Connections, a_peers_fin_does_not_end_what_the_application_has_not_read_yet) {
    open(1);
    request(1, "/a", kOut);
    close(1, CloseReason::kPeer, false);
    move(1, kIn, kUntilClose);
    EXPECT_TRUE(sink.uses.empty());
    move(1, kIn, " more");
    move(1, kIn, "");  // end of file was read
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
}

TEST_F(Connections, a_peers_fin_counts_as_the_end_of_its_stream_when_the_connection_goes) {
    open(1);
    request(1, "/a", kOut);
    move(1, kIn, kUntilClose);
    close(1, CloseReason::kPeer, false);
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
}

TEST_F(Connections, a_local_shutdown_ends_what_is_sent) {
    open(1);
    request(1, "/a");
    move(1, kOut, kUntilClose);
    close(1, CloseReason::kLocal, false);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
}

TEST_F(Connections, whose_last_answer_was_lost_with_its_event_do_not_say_that_it_never_came) {
    struct End {
        CloseReason reason;
        bool final;
    };
    for (const End end : {End{CloseReason::kLocal, true}, End{CloseReason::kReset, true}, End{CloseReason::kReset, false},
                          End{CloseReason::kLocal, false}}) {
        open(1);
        request(1, "/a");
        lose_event(1, kOut, kOk);
        close(1, end.reason, end.final);
        close(1, CloseReason::kLocal, true);
        EXPECT_EQ(table.size(), 0U);
        EXPECT_EQ(sink.uses, Uses{});
        EXPECT_EQ(sink.lost, (std::vector<LostReason>{LostReason::kGap}));
        sink.lost.clear();
        positions.clear();
    }
}

TEST_F(Connections, whose_last_request_was_lost_with_its_event_lose_it_by_name) {
    open(1);
    request(1, "/a");
    move(1, kOut, kOk);
    lose_event(1, kIn, "GET /b HTTP/1.1\r\n\r\n");
    close(1, CloseReason::kPeer, false);
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.uses, (Uses{"1 /a 200 "}));
    EXPECT_EQ(sink.lost, (std::vector<LostReason>{LostReason::kGap}));
}

TEST_F(Connections, of_plaintext_end_elsewhere_than_their_ciphertext) {
    open(1);
    table.on(PlaintextBegun{{++now}, ConnectionId{1}, Pid{10}, false});
    request(1, "/a");
    move(1, kOut, kOk);
    lose_event(1, kOut, "its tag and padding");
    close(1, CloseReason::kLocal, true);
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.uses, (Uses{"1 /a 200 "}));
    EXPECT_TRUE(sink.lost.empty());
}

TEST_F(Connections, of_unix_sockets_end_with_their_process) {
    open(1, AddressFamily::kUnix, Pid{10});
    open(2, AddressFamily::kUnix, Pid{20});
    open(3, AddressFamily::kIpv4, Pid{10});
    for (std::uint64_t id : {1, 2, 3}) request(id, "/a");
    table.on(ProcessExited{{++now}, Pid{10}});
    EXPECT_EQ(sink.uses, Uses{"1 /a 0 closed"});
    EXPECT_EQ(table.find(ConnectionId{1}), nullptr);
    EXPECT_NE(table.find(ConnectionId{2}), nullptr);
    EXPECT_NE(table.find(ConnectionId{3}), nullptr);
}

TEST_F(Connections, of_unix_sockets_make_room_when_they_were_silent_for_longest) {
    for (std::uint64_t id = 1; id <= kLimit; ++id) open(id, AddressFamily::kUnix);
    request(1, "/a");
    EXPECT_EQ(open(5, AddressFamily::kIpv4), std::nullopt);
    EXPECT_NE(table.find(ConnectionId{1}), nullptr);
    EXPECT_EQ(table.find(ConnectionId{2}), nullptr);
    EXPECT_EQ(table.size(), kLimit);
}

TEST_F(Connections, remember_that_they_are_blind) {
    open(1);
    EXPECT_EQ(table.on(Blind{{++now}, ConnectionId{1}, Pid{10}, BlindReason::kTls}), std::nullopt);
    EXPECT_EQ(table.find(ConnectionId{1})->blind, BlindReason::kTls);
    EXPECT_EQ(table.on(Blind{{++now}, ConnectionId{2}, Pid{10}, BlindReason::kTls}), std::nullopt);
}

TEST_F(Connections, whose_plaintext_is_seen_begin_anew_with_it) {
    open(1);
    table.on(Blind{{++now}, ConnectionId{1}, Pid{10}, BlindReason::kTls});
    move(1, kIn, "\x16\x03\x01 of a handshake");
    EXPECT_EQ(table.on(PlaintextBegun{{++now}, ConnectionId{1}, Pid{10}, false}), std::nullopt);
    EXPECT_EQ(table.find(ConnectionId{1})->blind, std::nullopt);
    EXPECT_EQ(sink.no_more_blind, 1);
    positions.clear();
    request(1, "/a");
    move(1, kOut, kOk);
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
    EXPECT_TRUE(sink.lost.empty());
    EXPECT_EQ(sink.stayed_blind, 0);
}

TEST_F(Connections, whose_plaintext_is_seen_linger_for_a_read_that_returns_after_the_close) {
    open(1);
    table.on(PlaintextBegun{{++now}, ConnectionId{1}, Pid{10}, false});
    request(1, "/a", kOut);
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(move(1, kIn, kOk), std::nullopt);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
    table.advance({now + 1'000'000'000});
    EXPECT_EQ(table.size(), 0U);
    EXPECT_TRUE(sink.lost.empty());
}

TEST_F(Connections, whose_plaintext_is_seen_late_start_anywhere) {
    open(1);
    EXPECT_EQ(table.on(PlaintextBegun{{++now}, ConnectionId{1}, Pid{10}, true}), std::nullopt);
    EXPECT_TRUE(table.find(ConnectionId{1})->opened_before);
    move(1, kIn, "the rest of a body");
    request(1, "/a");
    move(1, kOut, kOk);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
    EXPECT_TRUE(sink.lost.empty());
}

TEST_F(Connections, go_on_in_tls_without_what_was_open_before) {
    open(1);
    request(1, "/upgrade");
    EXPECT_EQ(table.on(PlaintextBegun{{++now}, ConnectionId{1}, Pid{10}, false}), std::nullopt);
    EXPECT_EQ(sink.lost, std::vector<LostReason>{LostReason::kUnfinished});
    positions.clear();
    request(1, "/a");
    move(1, kOut, kOk);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
}

TEST_F(Connections, that_are_not_known_have_no_plaintext) {
    EXPECT_EQ(table.on(PlaintextBegun{{++now}, ConnectionId{1}, Pid{10}, false}), DropReason::UNKNOWN_CONNECTION);
}

TEST_F(Connections, say_at_their_end_that_they_stayed_blind) {
    open(1);
    open(2);
    for (const std::uint64_t id : {1, 2}) table.on(Blind{{++now}, ConnectionId{id}, Pid{10}, BlindReason::kTlsUnseen});
    close(1, CloseReason::kLocal, true);
    EXPECT_EQ(sink.stayed_blind, 1);
    table.session_end({++now});
    EXPECT_EQ(sink.stayed_blind, 2);
}

TEST_F(Connections, at_the_sessions_end_give_account_of_what_is_open) {
    open(1);
    open(2, AddressFamily::kUnix);
    open(3);
    request(1, "/running");
    request(2, "/endless");
    move(2, kOut, kUntilClose);
    table.session_end({++now});
    EXPECT_EQ(sink.uses, Uses{"2 /endless 200 "});
    EXPECT_EQ(sink.lost, std::vector<LostReason>{LostReason::kUnfinished});
    EXPECT_EQ(table.size(), 0U);
}

TEST_F(Connections, that_follow_each_other_do_not_inherit_anything) {
    for (std::uint64_t id = 1; id <= 20; ++id) {
        open(id);
        request(id, "/cut");
        close(id, CloseReason::kLocal, true);
    }
    EXPECT_EQ(sink.uses.size(), 20U);
    EXPECT_EQ(sink.uses.back(), "20 /cut 0 closed");
}

TEST_F(Connections, that_were_open_before_start_anywhere) {
    ConnectionSeen seen;
    seen.connection = ConnectionId{1};
    seen.opened_before = true;
    table.on(seen);
    positions[{1, kIn}] = 5000;
    move(1, kIn, "the rest of a body");
    request(1, "/a");
    move(1, kOut, kOk);
    EXPECT_EQ(sink.uses, Uses{"1 /a 200 "});
    EXPECT_TRUE(sink.lost.empty());
}

}  // namespace
}  // namespace footfall
