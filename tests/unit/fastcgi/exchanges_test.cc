// What a use of a FastCGI application is called, how it ends, and what is lost when bytes are.
#include <gtest/gtest.h>

#include "tests/unit/fastcgi/wire.h"

namespace footfall::fastcgi {
namespace {

std::string used(const std::string& answer) {
    Wire wire;
    wire.received(request(1, "GET", "/a"));
    wire.sent(answer);
    return wire.sink.seen.size() == 1 ? wire.uses().front() : "no use";
}

TEST(Fastcgi, MethodAndTargetAreTheWebServersStatusTheApplications) {
    Wire wire;
    const std::string asked = request(1, "POST", "/orders/17?secret=1");
    const std::string answered = response(1, "Status: 404 Not Found\r\nContent-type: text/html\r\n\r\nStatus: 200\r\n");
    wire.received(asked);
    wire.sent(answered);
    EXPECT_EQ(wire.uses(), Uses{"POST /orders/17?secret=1 404"}) << "naming takes the query away";
    EXPECT_EQ(wire.last().kind, Kind::kHttp);
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.last().outcome, Outcome::kOk) << "of a server, as in HTTP";
    EXPECT_EQ(wire.last().bytes_in, asked.size());
    EXPECT_EQ(wire.last().bytes_out, answered.size());
}

TEST(Fastcgi, TheClientsEndSeesTheSame) {
    Wire wire;
    wire.sent(request(1, "GET", "/a"));
    wire.received(response(1, "Status: 404 Not Found\r\n\r\n"));
    EXPECT_EQ(wire.last().role, Role::kClient);
    EXPECT_EQ(wire.last().outcome, Outcome::kError);
    EXPECT_EQ(wire.uses(), Uses{"GET /a 404"});
}

TEST(Fastcgi, StatusesAreTheFirstHeadsOwn) {
    EXPECT_EQ(used(response(1, "Content-type: text/html\r\n\r\nbody")), "GET /a 200");
    EXPECT_EQ(used(response(1, "X-A: Status: 500\nstatus:503 Busy\n\n")), "GET /a 503");
    EXPECT_EQ(used(response(1, "Location: /b\r\n\r\n")), "GET /a 302");
    EXPECT_EQ(used(output(1, "Content-type: text/html\r\nSta") + response(1, "tus: 418 Teapot\r\n\r\n")), "GET /a 418");
    EXPECT_EQ(used(response(1, "Status: 99999\r\n\r\n")), "GET /a 200");
    EXPECT_EQ(used(response(1, "X-Long: " + std::string(5000, 'x') + "\r\nStatus: 500\r\n\r\n")), "GET /a 200")
        << "out of reach";
}

TEST(Fastcgi, WhatIsNoResponseIsAnError) {
    EXPECT_EQ(used(ending(1)), "GET /a - empty");
    EXPECT_EQ(used(ending(1, 1)), "GET /a - cant_multiplex");
    EXPECT_EQ(used(ending(1, 2)), "GET /a - overloaded");
    EXPECT_EQ(used(ending(1, 3)), "GET /a - unknown_role");
    Wire wire;
    wire.received(request(1, "GET", "/a") + record(Type::kAbortRequest, 1, ""));
    wire.sent(ending(1));
    EXPECT_EQ(wire.uses(), Uses{"GET /a - aborted"});
}

TEST(Fastcgi, RequestsOfSeveralNumbersMayBeInterleaved) {
    Wire wire;
    wire.received(beginning(1) + beginning(2));
    const std::string first = parameters("GET", "/a");
    const std::string second = parameters("PUT", "/b");
    for (std::size_t at = 0; at < std::max(first.size(), second.size()); at += 5) {
        if (at < first.size()) wire.received(record(Type::kParams, 1, first.substr(at, 5)));
        if (at < second.size()) wire.received(record(Type::kParams, 2, second.substr(at, 5)));
    }
    wire.received(record(Type::kParams, 2, "") + record(Type::kParams, 1, ""));
    wire.sent(output(1, "Status: 500 x\r\n\r\n") + output(2, "\r\n") + ending(2) + ending(1));
    EXPECT_EQ(wire.uses(), (Uses{"PUT /b 200", "GET /a 500"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Fastcgi, RequestsThatBeginInTheMiddleOfAValueLeaveItWhole) {
    Wire wire;
    const std::string all = parameters("GET", "/a/path/that/comes/in/two/pieces");
    const std::size_t cut = all.size() - 10;
    wire.received(beginning(1) + record(Type::kParams, 1, all.substr(0, cut)));
    for (std::uint32_t id = 2; id < 40; ++id) wire.received(beginning(id));
    wire.received(record(Type::kParams, 1, all.substr(cut)) + record(Type::kParams, 1, ""));
    wire.sent(response(1, "\r\n"));
    EXPECT_EQ(wire.uses(), Uses{"GET /a/path/that/comes/in/two/pieces 200"});
}

TEST(Fastcgi, KeptConnectionsUseANumberAgain) {
    Wire wire;
    for (int i = 0; i < 3; ++i) {
        wire.received(request(1, "GET", "/a"));
        wire.sent(record(Type::kStderr, 1, "a warning") + response(1, "\r\n"));
    }
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /a 200", "GET /a 200"}));
}

TEST(Fastcgi, BytesThatComeOneByOneAreTheSame) {
    Wire wire;
    wire.one_by_one(kIn, record(Type::kGetValues, 0, parameter("FCGI_MAX_CONNS", "")) + request(300, "GET", "/a"));
    wire.one_by_one(kOut, record(Type::kGetValuesResult, 0, "") + response(300, "Status: 201 x\r\n\r\n"));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 201"});
}

TEST(Fastcgi, WithoutAnUriTheScriptIsTheTarget) {
    Wire wire;
    wire.received(beginning(1) +
                  record(Type::kParams, 1, parameter("REQUEST_METHOD", "GET") + parameter("SCRIPT_NAME", "/index.php")) +
                  record(Type::kParams, 1, ""));
    wire.sent(response(1, "\r\n"));
    wire.received(beginning(1) + record(Type::kParams, 1, parameter("A", "b")) + record(Type::kParams, 1, ""));
    wire.sent(response(1, "\r\n"));
    EXPECT_EQ(wire.uses(), Uses{"GET /index.php 200"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnparsable});
}

TEST(Fastcgi, TheWebServerTellsWhetherItsClientAsksOverTls) {
    Wire wire;
    const std::string named = parameter("REQUEST_METHOD", "GET") + parameter("REQUEST_URI", "/a");
    for (const std::string& told :
         {parameter("HTTPS", "on"), parameter("REQUEST_SCHEME", "https"), std::string(), parameter("HTTPS", "off"),
          parameter("REQUEST_SCHEME", "http") + parameter("HTTPS", "")}) {
        wire.received(beginning(1) + record(Type::kParams, 1, named + told) + record(Type::kParams, 1, ""));
        wire.sent(response(1, "\r\n"));
    }
    std::vector<bool> tls;
    for (const auto& seen : wire.sink.seen) tls.push_back(seen.exchange.tls);
    EXPECT_EQ(tls, (std::vector{true, true, false, false, false}));
}

TEST(Fastcgi, ParametersOf64KiBAreReadInABoundedPlace) {
    Wire wire;
    const std::string all = parameter("HTTP_X", std::string(60000, 'x')) + parameters("GET", "/" + std::string(4000, 'p'));
    const std::string first = record(Type::kParams, 1, all.substr(0, 65535)) + record(Type::kParams, 1, "");
    wire.received(beginning(1) + first);
    wire.sent(response(1, "\r\n"));
    ASSERT_EQ(wire.sink.seen.size(), 1U);
    EXPECT_EQ(wire.sink.seen.front().target.size(), kTargetLimit);
}

TEST(FastcgiGaps, AnUploadAndADownloadThatWereNotSeenCostNothing) {
    Wire wire;
    wire.received(request(1, "POST", "/a"));
    const std::string upload = record(Type::kStdin, 1, std::string(60000, 'x'));
    wire.truncated(kIn, upload.substr(0, 256), upload.size() - 256 - 64, upload.substr(upload.size() - 64));
    const std::string download = output(1, "Status: 500 x\r\n\r\n" + std::string(60000, 'x'));
    wire.truncated(kOut, download.substr(0, 256), download.size() - 256 - 64, download.substr(download.size() - 64));
    wire.sent(ending(1));
    EXPECT_EQ(wire.uses(), Uses{"POST /a 500"});
}

TEST(FastcgiGaps, TheEndOfAResponseIsFoundBehindRecordsThatWereNotSeen) {
    Wire wire;
    wire.sent(request(1, "GET", "/a"));
    std::string answered = output(1, "Status: 500 x\r\n\r\n");
    for (int i = 0; i < 100; ++i) answered += output(1, std::string(500, 'x'));
    answered += ending(1);
    wire.truncated(kIn, answered.substr(0, 1000), answered.size() - 1000 - 64, answered.substr(answered.size() - 64));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 500"});
    EXPECT_EQ(wire.last().bytes_in, answered.size());
    wire.sent(request(1, "GET", "/b"));
    wire.received(response(1, "\r\n"));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 500", "GET /b 200"}));
}

TEST(FastcgiGaps, ParametersThatWereNotSeenLoseTheRequest) {
    Wire wire;
    const std::string asked = request(1, "GET", "/a");
    wire.truncated(kIn, asked.substr(0, 30), asked.size() - 30 - 24, asked.substr(asked.size() - 24));
    wire.sent(response(1, "\r\n"));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(FastcgiGaps, ARequestThatWasNotSeenIsKnownByItsEnd) {
    Wire wire;
    wire.received(request(1, "GET", "/a"));
    wire.sent(response(1, "\r\n"));
    wire.gap(kIn, 300);
    wire.sent(response(1, "\r\n"));
    wire.received(request(1, "GET", "/b"));
    wire.sent(response(1, "\r\n"));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(FastcgiGaps, WhoeverComesLateFindsTheNextRequest) {
    Wire wire(true);
    wire.sent("the rest of a body");
    wire.sent(ending(1));
    wire.received(request(1, "GET", "/b"));
    wire.sent(response(1, "\r\n"));
    EXPECT_EQ(wire.uses(), Uses{"GET /b 200"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(FastcgiEndings, WhatIsCutIsAnErrorAndTheSessionsEndIsNone) {
    Wire wire;
    wire.received(beginning(1) + record(Type::kParams, 1, parameters("GET", "/a")));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), Uses{"GET /a - reset"});
    wire.reader.restart({ConnectionId{8}, false, &wire.sink});
    wire.received(request(1, "GET", "/a"));
    wire.session_end();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
}

TEST(FastcgiGuess, OtherBytesRefuteItAndNothingIsCounted) {
    const std::string no_role = record(Type::kBeginRequest, 1, {"\0\7\1\0\0\0\0\0", 8});
    for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n"), no_role, record(Type::kBeginRequest, 1, "short")}) {
        Wire wire;
        wire.received(bytes);
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
        wire.close();
        EXPECT_EQ(wire.reader.started() + wire.sink.seen.size() + wire.sink.lost.size(), 0U);
    }
}

}  // namespace
}  // namespace footfall::fastcgi
