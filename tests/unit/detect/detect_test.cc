// The kernel side's detectors, compiled natively: the same code that the probes run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "agent/protocols/redis/commands.h"
#include "bpf/detect/detectors.h"
#include "bpf/detect/tls.h"

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

using Detector = ff_detected (*)(const unsigned char*, unsigned int, unsigned int);

// As the probe calls it: a buffer of FF_DETECT_LENGTH bytes, padded with zeros.
ff_detected ask(Detector detector, std::string_view text) {
    unsigned char front[FF_DETECT_LENGTH] = {};
    const std::size_t length = std::min<std::size_t>(text.size(), FF_DETECT_LENGTH);
    std::memcpy(front, text.data(), length);
    return detector(front, static_cast<unsigned int>(length), static_cast<unsigned int>(text.size()));
}

ff_detected http1(std::string_view text) { return ask(ff_detect_http1, text); }

TEST(DetectHttp1, RequestsOfAnyMethodInUpperCaseAreRequests) {
    for (const auto* line : {"GET / HTTP/1.1\r\n", "POST /x", "DELETE /a", "PROPFIND /dav/", "M-SEARCH * HTTP/1.1",
                             "OPTIONS * HTTP/1.1", "GET http://a/b HTTP/1.1", "G /short HTTP/1.1",
                             "CONNECT db.internal:443 HTTP/1.1", "CONNECT [::1]:443 HTTP/1.1"}) {
        EXPECT_EQ(http1(line), FF_DETECT_REQUEST) << line;
    }
}

// Some read byte by byte. Whoever is asked later must not be sure of what may still become a request.
TEST(DetectHttp1, WhileOneMayStillComeNobodyElseIsSure) {
    for (const std::string_view line :
         {"GET /orders HTTP/1.1", "GET http://a/b", "COPY /a HTTP/1.1", "MOVE /a", "SEARCH * H"}) {
        for (std::size_t length = 1; http1(line.substr(0, length)) == FF_DETECT_MAYBE; ++length) {
            for (const Detector other : {ff_detect_memcached, ff_detect_redis})
                EXPECT_NE(ask(other, line.substr(0, length)), FF_DETECT_REQUEST) << line.substr(0, length);
        }
    }
}

TEST(DetectHttp1, CommandsOfOthersAreNoRequests) {
    for (const auto* line : {"INCR hits\r\n", "GET hello\r\n", "HGETALL h\r\n"})
        EXPECT_EQ(http1(line), FF_DETECT_NO) << line;
    EXPECT_EQ(http1("GET h"), FF_DETECT_MAYBE);
}

TEST(DetectHttp1, EmptyLinesBeforeARequestAreSkipped) {
    EXPECT_EQ(http1("\r\nGET / HTTP/1.1"), FF_DETECT_REQUEST);
    EXPECT_EQ(http1("\n\nPOST / HTTP/1.1"), FF_DETECT_REQUEST);
    EXPECT_EQ(http1("\r\n"), FF_DETECT_MAYBE);
}

TEST(DetectHttp1, ResponsesOfVersion1AreResponses) {
    EXPECT_EQ(http1("HTTP/1.1 200 OK\r\n"), FF_DETECT_RESPONSE);
    EXPECT_EQ(http1("HTTP/1.0 404 Not Found"), FF_DETECT_RESPONSE);
    EXPECT_EQ(http1("HTTP/2 200"), FF_DETECT_NO);
}

TEST(DetectHttp1, EveryPrefixOfARequestOrResponseIsMaybeUntilItIsLongEnough) {
    for (const std::string_view text : {"DELETE /orders/1 HTTP/1.1"sv, "HTTP/1.1 200 OK"sv, "CONNECT a:1 HTTP/1.1"sv}) {
        const ff_detected whole = http1(text);
        bool decided = false;
        for (std::size_t length = 1; length <= text.size(); ++length) {
            const ff_detected part = http1(text.substr(0, length));
            if (part == whole) decided = true;
            EXPECT_EQ(part, decided ? whole : FF_DETECT_MAYBE) << text.substr(0, length);
        }
        EXPECT_TRUE(decided);
    }
}

TEST(DetectHttp1, OtherProtocolsAreNot) {
    for (const auto text :
         {"get / HTTP/1.1"sv, "220 mail.example ESMTP"sv, "SSH-2.0-OpenSSH_9.2"sv, "*1\r\n$4\r\nPING\r\n"sv, "GET key\r\n"sv,
          "set a 0 0 1\r\n"sv, " /"sv, " GET /"sv, "\r\n\r\n\r\nGET /"sv, "PRI * HTTP/2.0\r\n"sv, "PRI *"sv,
          "ABCDEFGHIJKLMNOPQRSTUVWXYZ /"sv, "\0\0\0\x08\x04\xd2\x16\x2f"sv}) {
        EXPECT_EQ(http1(text), FF_DETECT_NO) << text;
    }
}

TEST(DetectHttp2, ThePrefaceIsARequestAndItsPrefixesMaybe) {
    EXPECT_EQ(ask(ff_detect_http2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "PRI * H"), FF_DETECT_MAYBE);
    EXPECT_EQ(ask(ff_detect_http2, "PRINT /"), FF_DETECT_NO);
}

TEST(DetectHttp2, AServerMaySpeakFirst) {
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0\0\0\0\0"sv), FF_DETECT_RESPONSE);  // read by itself
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0"sv), FF_DETECT_MAYBE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0d\x04\0\0\0\0\0"sv), FF_DETECT_NO);        // no whole settings
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x0c\x04\0\0\0\0\0\0\x03"sv), FF_DETECT_NO);  // longer than the call
}

TEST(DetectHttp2, FramesInTheMidstOfAConnectionTellIt) {
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x02\x01\x05\0\0\0\x0d\x82\xbe"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x01\x01\x04\0\0\0\x0d\x88\0\0\x01\0\x01\0\0\0\x0dx"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x04\x08\0\0\0\0\0\0\0\x10\0"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2,
                  "\0\0\x08\x06\x01\0\0\0\0"
                  "12345678"sv),
              FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\x04\x03\0\0\0\0\x0d\0\0\0\x08"sv), FF_DETECT_RESPONSE);
    EXPECT_EQ(ask(ff_detect_http2, "\0\0\0\x04\x01\0\0\0\0"sv), FF_DETECT_RESPONSE);
}

TEST(DetectHttp2, OtherProtocolsAndImpossibleFramesAreNot) {
    for (const auto bytes : {"\0\0\0\x08\x04\xd2\x16\x2f\0"sv,                // PostgreSQL: SSLRequest
                             "\0\0\0\x54\0\x03\0\0user\0"sv,                  // … StartupMessage
                             "\0\0\0\x23\0\x12\0\x03\0\0\0\x01"sv,            // Kafka
                             "\0\0\x01\x01\x82\xa2\x03\0\0\0\0\0\x01\x21"sv,  // MySQL: a packet of 256 bytes
                             "\0\0\x02\x01\x05\0\0\0\x0c\x82\xbe"sv,          // HEADERS on a pushed stream
                             "\0\0\x02\x01\x15\0\0\0\x0d\x82\xbe"sv,          // … with a flag that they don't have
                             "\0\0\x03\x01\x05\0\0\0\x0d\x82\xbe"sv,          // … longer than the call
                             "\0\0\x04\x08\0\0\0\0\0\0\0\0\0"sv,              // WINDOW_UPDATE by nothing
                             "\0\0\x04\x08\0\0\0\0\0\0\0\x10\0xyz"sv,         // … with what is no frame behind it
                             "\0\0\x04\0\0\0\0\0\x01"
                             "abcd"sv,  // DATA says too little about itself
                             "\0\0\0\0\0\0\0\0\0\0"sv, "\0\x50\0\x01\x05\0\0\0\x01"sv}) {
        EXPECT_EQ(ask(ff_detect_http2, bytes), FF_DETECT_NO) << testing::PrintToString(bytes);
    }
}

TEST(DetectTls, HellosAndApplicationDataAreOpaque) {
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\x02\x00\x01\x00"sv), FF_DETECT_OPAQUE);
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x03\x00\x7a\x02\x00"sv), FF_DETECT_OPAQUE);
    EXPECT_EQ(ask(ff_detect_tls, "\x17\x03\x03\x00\x20\xab\xcd"sv), FF_DETECT_OPAQUE);
}

ff_detected mysql(std::string_view text) { return ask(ff_detect_mysql, text); }

TEST(DetectMysql, ServersSpeakFirst) {
    const std::string greeting = "\x64\0\0\0\n5.5.5-10.11.19-MariaDB-0+deb12u1\0"s + std::string(65, 'x');
    EXPECT_EQ(mysql(greeting), FF_DETECT_RESPONSE);
    EXPECT_EQ(mysql("\x4a\0\0\0\n8.4.0\0"s + std::string(67, 'x')), FF_DETECT_RESPONSE);
    EXPECT_EQ(mysql("\x17\0\0\0\xff\x10\4Too many connections"s), FF_DETECT_RESPONSE);
    EXPECT_EQ(mysql(greeting + "more"), FF_DETECT_RESPONSE);
    EXPECT_EQ(mysql("\x64\0\0\0\n5.5.5"sv), FF_DETECT_NO) << "one call moves all of it";
}

TEST(DetectMysql, CommandsAreRequests) {
    EXPECT_EQ(mysql("\x9\0\0\0\3SELECT 1"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\xb\0\0\0\3\0\1SELECT 1"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\x9\0\0\0\x16SELECT ?"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\xa\0\0\0\x17\7\0\0\0\0\1\0\0\0"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\1\0\0\0\xe"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\5\0\0\0\x19\7\0\0\0\x9\0\0\0\x16SELECT ?"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\0\0\2\0\3INSERT INTO t VALUES "s + std::string(16384, 'x')), FF_DETECT_REQUEST);
}

TEST(DetectMysql, AHeaderThatServersReadByItselfMayBeOne) {
    EXPECT_EQ(mysql("\x9\0\0\0"sv), FF_DETECT_MAYBE);
    EXPECT_EQ(mysql("\x9\0"sv), FF_DETECT_MAYBE);
    EXPECT_EQ(mysql("\0\0\0\0"sv), FF_DETECT_NO);
    EXPECT_EQ(mysql("\x9\0\0\7"sv), FF_DETECT_NO);
    unsigned char front[FF_DETECT_LENGTH] = "\x9\0\0\0\3SELECT 1";
    EXPECT_EQ(ff_detect_mysql(front, 13, 0), FF_DETECT_REQUEST) << "what came in pieces has no length";
}

TEST(DetectMysql, LoginsAreRequests) {
    EXPECT_EQ(mysql("\x8a\0\0\1\xd\xa2\x3a\0\xff\xff\xff\0\x2d"s + std::string(23, '\0') + std::string(106, 'x')),
              FF_DETECT_REQUEST);
    EXPECT_EQ(mysql("\x8a\0\0\1"s + std::string(138, 'x')), FF_DETECT_NO);
}

TEST(DetectMysql, OtherProtocolsAreNot) {
    for (const auto other : {
             "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv,
             "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv,
             "\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64\0\4\0\x10\0\0\0\2\0\0\0\0"sv,               // HTTP/2 SETTINGS
             "\x16\3\1\2\0\1\0\1\xfc\3\3"sv,                                                 // TLS
             "\0\0\0\x31\0\3\0\0user\0postgres\0"sv,                                         // PostgreSQL
             "Q\0\0\0\rSELECT 1\0"sv,                                                        // PostgreSQL
             "*1\r\n$4\r\nPING\r\n"sv,                                                       // Redis
             "get key\r\n"sv,                                                                // memcached
             "\x80\0\0\3\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0key"sv,                      // memcached, binary
             "\x23\0\0\0\3\0\0\0\0\0\0\0\xdd\7\0\0\0\0\0\0\0\xe\0\0\0\x10ping\0\1\0\0\0"sv,  // MongoDB
             "\4\0\0\0\1\0\0\0\x16\0\1\0\xb"
             "CQL_VERSION\0\5"
             "3.0.0"sv,                              // Cassandra
             "\4\0\0\0\5\0\0\0\0"sv,                 // Cassandra OPTIONS
             "\1\1\0\1\0\x8\0\0\0\1\0\0\0\0\0\0"sv,  // FastCGI
             "AMQP\0\0\x9\1"sv,
             "SSH-2.0-OpenSSH_9.2\r\n"sv,
         }) {
        EXPECT_EQ(mysql(other), FF_DETECT_NO) << other;
    }
}

TEST(DetectTls, ImpossibleRecordsAreNot) {
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x02\x01\x02\x00\x01"sv), FF_DETECT_NO);  // version 2
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\xff\xff\x01"sv), FF_DETECT_NO);  // longer than a record can be
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\x00\x00\x01"sv), FF_DETECT_NO);  // empty
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03\x01\x02\x00\x0b"sv), FF_DETECT_NO);  // a handshake that begins with a certificate
    EXPECT_EQ(ask(ff_detect_tls, "\x16\x03"sv), FF_DETECT_MAYBE);
}

ff_detected mongodb(std::string_view text) { return ask(ff_detect_mongodb, text); }

// What PyMongo sends first: OP_QUERY, and later: OP_MSG.
constexpr auto kMongodbHello =
    "\x10\x01\x00\x00\x3c\xe3\x65\x60\x00\x00\x00\x00\xd4\x07\x00\x00\x00\x00\x00\x00"
    "admin.$cmd\x00"sv;
constexpr auto kMongodbDrop =
    "\x85\x00\x00\x00\x9f\x7a\xfd\x0c\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00"
    "\x70\x00\x00\x00\x02"
    "drop\x00"sv;
constexpr auto kMongodbAnswer =
    "\x4b\x00\x00\x00\x01\x00\x00\x00\x9f\x7a\xfd\x0c\xdd\x07\x00\x00\x00\x00\x00\x00\x00"
    "\x36\x00\x00\x00\x10"sv;

TEST(DetectMongodb, RequestsAndResponses) {
    EXPECT_EQ(mongodb(kMongodbHello), FF_DETECT_REQUEST);
    EXPECT_EQ(mongodb(kMongodbDrop), FF_DETECT_REQUEST);
    EXPECT_EQ(mongodb(kMongodbAnswer), FF_DETECT_RESPONSE);
    EXPECT_EQ(mongodb("\x01\x01\x00\x00\x01\x00\x00\x00\x3c\xe3\x65\x60\x01\x00\x00\x00\x08\x00\x00\x00"sv),
              FF_DETECT_RESPONSE);
    EXPECT_EQ(mongodb(kMongodbDrop.substr(0, 16)), FF_DETECT_REQUEST) << "servers read the header alone";
}

TEST(DetectMongodb, EveryPrefixOfAHeaderIsMaybe) {
    for (std::size_t length = 1; length < 16; ++length) EXPECT_EQ(mongodb(kMongodbDrop.substr(0, length)), FF_DETECT_MAYBE);
}

TEST(DetectMongodb, WhatBreaksTheRulesIsNot) {
    const auto with = [](std::size_t at, char byte) {
        std::string damaged(kMongodbDrop);
        damaged[at] = byte;
        return mongodb(damaged);
    };
    EXPECT_EQ(with(3, 0x20), FF_DETECT_NO);  // too long
    EXPECT_EQ(with(0, 0x10), FF_DETECT_NO);  // too short
    EXPECT_EQ(with(12, 0), FF_DETECT_NO);    // no operation
    EXPECT_EQ(with(16, 4), FF_DETECT_NO);    // a required flag that nobody knows
    EXPECT_EQ(with(20, 7), FF_DETECT_NO);    // no kind of section
}

TEST(DetectMongodb, OtherProtocolsAreNot) {
    for (const auto text : {"GET / HTTP/1.1\r\nHost: a\r\n"sv, "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"sv,
                            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00\x00"sv,
                            "\x00\x00\x00\x50\x00\x03\x00\x00user\x00postgres\x00"sv,  // PostgreSQL
                            "\x4a\x00\x00\x00\x0a"
                            "8.0.32\x00\x08\x00\x00\x00\x3b\x1f\x2c\x11\x66\x7a"sv,  // MySQL
                            "\x04\x00\x00\x00\x05\x00\x00\x00\x00"sv,
                            "\x04\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0b"
                            "CQL_VER"sv,
                            "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x01\x04\x00\x01"sv}) {
        EXPECT_NE(mongodb(text), FF_DETECT_REQUEST) << text;
        EXPECT_NE(mongodb(text), FF_DETECT_RESPONSE) << text;
    }
}

ff_detected redis(std::string_view text) { return ask(ff_detect_redis, text); }

TEST(DetectRedis, ArraysOfBulkStringsAreRequests) {
    for (const auto* text : {"*1\r\n$4\r\nPING\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
                             "*1000000\r\n$4\r\nMSET\r\n", "*2\r\n$536870912\r\nx"}) {
        EXPECT_EQ(redis(text), FF_DETECT_REQUEST) << text;
    }
}

TEST(DetectRedis, EveryPrefixOfARequestIsMaybeUntilItIsLongEnough) {
    const std::string_view request = "*12\r\n$4\r\nMSET\r\n";
    for (std::size_t length = 1; length <= request.size(); ++length) {
        EXPECT_EQ(redis(request.substr(0, length)), length < 9 ? FF_DETECT_MAYBE : FF_DETECT_REQUEST) << length;
    }
}

TEST(DetectRedis, CommandsThatComeAsLinesAreKnown) {
    for (const auto* text :
         {"PING\r\n", "ping\r\n", "INFO\r\n", "info server\r\n", "SET a b\r\n", "GET a\r\n", "AUTH secret\r\n", "ttl k\n",
          "hgetall h\r\n", "SMEMBERS s\r\n", "zrangebyscore z 0 1\r\n", "SubScribe c\r\n", "INCR hits\r\n"}) {
        EXPECT_EQ(redis(text), FF_DETECT_REQUEST) << text;
    }
    for (const auto* text : {"PINGS\r\n", "INFORM x\r\n", "SETTLE\r\n", "SMEMBERS.s", "SET", "HGETALL\t", "DEBUG x\r\n"}) {
        EXPECT_NE(redis(text), FF_DETECT_REQUEST) << text;
    }
}

TEST(DetectRedis, EveryCommandThatIsNamedIsKnownAsALine) {
    for (const std::string_view name : footfall::redis::kCommandNames) {
        const std::string_view word = name.substr(0, name.find(' '));
        if (word == "QUIT" || word == "DEBUG" || word == "RESTORE-ASKING") continue;
        EXPECT_EQ(redis(std::string(word) + " key\r\n"), FF_DETECT_REQUEST) << word;
    }
}

TEST(DetectRedis, WhatAnswersAnUnknownCommandIsKnown) {
    EXPECT_EQ(redis("-ERR unknown command 'x', with args beginning with: \r\n"), FF_DETECT_RESPONSE);
    EXPECT_EQ(redis("-ERR no such mailbox\r\n"), FF_DETECT_NO) << "POP3";
}

TEST(DetectRedis, LinesMayComeByteByByte) {
    const std::string_view line = "PING\r\n";
    for (std::size_t length = 1; length < line.size(); ++length) {
        EXPECT_EQ(redis(line.substr(0, length)), length < 5 ? FF_DETECT_MAYBE : FF_DETECT_REQUEST) << length;
    }
    EXPECT_EQ(redis("EHLO x"), FF_DETECT_NO);
    EXPECT_EQ(redis("SMEMBERS"), FF_DETECT_MAYBE);
}

TEST(DetectRedis, LongRepliesAreWantedWhole) {
    const std::string rest(300, 'x');
    EXPECT_EQ(redis("$100000\r\n" + rest), FF_DETECT_RESPONSE);
    EXPECT_EQ(redis("$1000\r\n" + rest), FF_DETECT_REQUEST) << "several may come at once";
    EXPECT_EQ(redis("*600\r\n:1\r\n" + rest), FF_DETECT_REQUEST);
    EXPECT_EQ(redis("+OK\r\n+OK\r\n" + rest), FF_DETECT_REQUEST);
    EXPECT_EQ(redis("+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"), FF_DETECT_NO) << "POP3";
    EXPECT_EQ(redis("$5\r\nhello\r\n"), FF_DETECT_NO) << "what is short is captured whole";
}

TEST(DetectRedis, OtherProtocolsAreNot) {
    for (const auto text : {"GET / HTTP/1.1\r\n"sv, "*\r\n"sv, "*x\r\n$3\r\n"sv, "*01\r\n$3\r\n"sv, "*0\r\n$3\r\n"sv,
                            "*1\r\n:3\r\n"sv, "*1\n$3\n"sv, "*1\r\n$x\r\n"sv, "* OK IMAP4rev1 ready\r\n"sv,
                            "HTTP/1.1 200 OK\r\n"sv, "220 mail.example ESMTP\r\n"sv, "SSH-2.0-OpenSSH_9.2\r\n"sv,
                            "\x16\x03\x01\x02\x00\x01"sv, "EHLO x\r\n"sv, "USER anonymous\r\n"sv, "version\r\n"sv}) {
        const ff_detected said = redis(text);
        EXPECT_TRUE(said == FF_DETECT_NO || (text.starts_with("GET /") && said == FF_DETECT_REQUEST)) << text;
    }
}

ff_detected postgresql(std::string_view text) { return ask(ff_detect_postgresql, text); }

TEST(DetectPostgresql, TheFirstMessagesOfAClientAreRequests) {
    for (const std::string_view first :
         {"\0\0\0\x17\0\3\0\0user\0postgres\0\0"sv, "\0\0\0\x17\0\3\0\2user\0postgres\0\0"sv, "\0\0\0\x08\x04\xd2\x16\x2f"sv,
          "\0\0\0\x08\x04\xd2\x16\x30"sv, "\0\0\0\x10\x04\xd2\x16\x2e\0\0\1\2\3\4\5\6"sv}) {
        EXPECT_EQ(postgresql(first), FF_DETECT_REQUEST);
        for (std::size_t length = 1; length < 8; ++length) EXPECT_EQ(postgresql(first.substr(0, length)), FF_DETECT_MAYBE);
    }
    EXPECT_EQ(postgresql("\0\0\0\x08\0\2\0\0"sv), FF_DETECT_NO);  // protocol 2
    EXPECT_EQ(postgresql("\0\0\0\x04"sv), FF_DETECT_NO);
    EXPECT_EQ(postgresql("\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64"sv), FF_DETECT_NO);  // HTTP/2 SETTINGS
}

TEST(DetectPostgresql, LaterMessagesAreTheirsIfTheirLengthFitsTheCall) {
    EXPECT_EQ(postgresql("Q\0\0\0\x0dSELECT 1\0"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(postgresql("Q\0\0\0\x0eSELECT 1\0"sv), FF_DETECT_NO);
    EXPECT_EQ(postgresql("B\0\0\0\x0c\0\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(postgresql("P\0\0\0\x10\0SELECT 1\0\0\0S\0\0\0\4"sv), FF_DETECT_REQUEST);
    EXPECT_EQ(postgresql("2\0\0\0\4D\0\0\0\x0b\0\1\0\0\0\1x"sv), FF_DETECT_RESPONSE);
}

TEST(DetectPostgresql, OtherProtocolsAreNot) {
    for (const std::string_view other :
         {"POST /orders HTTP/1.1\r\n"sv, "PUT /a HTTP/1.1\r\nHost: a"sv, "BITCOUNT key\r\n"sv, "PRI * HTTP/2.0\r\n\r\n"sv,
          "*1\r\n$4\r\nPING\r\n"sv, "QUIT\r\n"sv, "\x16\x03\x01\x02\0\1\0\1\xfc\3\3"sv, "Q\0\0\0\4"sv,
          "Quit\r\n and more of it\r\n"sv}) {
        EXPECT_EQ(postgresql(other), FF_DETECT_NO) << other;
    }
}

ff_detected memcached(std::string_view text) { return ask(ff_detect_memcached, text); }

TEST(DetectMemcached, CommandsInLowerCaseAreRequests) {
    for (const auto* text : {"get k\r\n", "gets a b\r\n", "set k 0 0 1\r\nv\r\n", "cas k 0 0 1 5\r\nv\r\n",
                             "replace k 0 0 1\r\n", "prepend k 0 0 1\r\n", "delete k\r\n", "incr k 1\r\n", "touch k 1\r\n",
                             "mg k v\r\n", "mn\r\n", "stats\r\n", "version\r\n", "flush_all\r\n", "verbosity 1\r\n"}) {
        EXPECT_EQ(memcached(text), FF_DETECT_REQUEST) << text;
    }
}

TEST(DetectMemcached, WhatAnswersAnUnknownCommandIsKnown) {
    EXPECT_EQ(memcached("ERROR\r\n"), FF_DETECT_RESPONSE);
    EXPECT_EQ(memcached("ERROR 12\r\n"), FF_DETECT_NO);
    EXPECT_EQ(memcached("ERROR\r\nERROR\r\n"), FF_DETECT_NO);
}

TEST(DetectMemcached, CommandsThatComeInPiecesMayBecomeRequests) {
    for (const std::string_view text : {"get ", "set ", "gats ", "replace ", "delete ", "incr ", "touch ", "ms ", "mn\r",
                                        "stats\r", "version\r", "flush_all", "verbosity "}) {
        const std::size_t known = std::min<std::size_t>(text.size(), 8);
        for (std::size_t length = 1; length < known; ++length) {
            EXPECT_EQ(memcached(text.substr(0, length)), FF_DETECT_MAYBE) << text << length;
        }
        EXPECT_EQ(memcached(text.substr(0, known)), FF_DETECT_REQUEST) << text;
    }
    for (const auto* text : {"put", "x", "deleted", "getter", "hello", "re\r\n"})
        EXPECT_EQ(memcached(text), FF_DETECT_NO) << text;
}

TEST(DetectMemcached, HeadersOfBinaryRequestsAreKnownByTheirLengths) {
    constexpr std::string_view kGet = "\x80\x00\x00\x05\0\0\0\0\0\0\0\x05\0\0\0\x07\0\0\0\0\0\0\0\0Hello"sv;
    EXPECT_EQ(memcached(kGet), FF_DETECT_REQUEST);
    EXPECT_EQ(memcached(kGet.substr(0, 23)), FF_DETECT_MAYBE);
    EXPECT_EQ(memcached("\x80\x00\x00\x05\0\0\0\0\0\0\0\x04\0\0\0\x07\0\0\0\0\0\0\0\0Hell"sv), FF_DETECT_NO)
        << "the key is longer";
    EXPECT_EQ(memcached("\x80\x25"), FF_DETECT_NO);
    EXPECT_EQ(memcached("\x80\x00\x00\x05\0\x01\0\0\0\0\0\x05\0\0\0\x07\0\0\0\0\0\0\0\0Hello"sv), FF_DETECT_NO)
        << "a data type";
}

TEST(DetectMemcached, LongRepliesAreWantedWhole) {
    EXPECT_EQ(memcached("VALUE k 0 1000\r\n" + std::string(1000, 'v')), FF_DETECT_REQUEST);
    EXPECT_EQ(memcached("END\r\n"), FF_DETECT_NO) << "what is short is captured whole";
}

TEST(DetectMemcached, OtherProtocolsAreNot) {
    for (const auto text : {"GET / HTTP/1.1\r\n"sv, "*1\r\n$4\r\nPING\r\n"sv, "PING\r\n"sv, "220 mail ESMTP\r\n"sv,
                            "SSH-2.0-x\r\n"sv, "put 0 0 60 5\r\nhello\r\n"sv, "reserve\r\n"sv, "settle down\r\n"sv,
                            "getter x\r\n"sv, "\x16\x03\x01\x02\x00\x01"sv, "HTTP/1.1 200 OK\r\n"sv}) {
        EXPECT_EQ(memcached(text), FF_DETECT_NO) << text;
    }
}

// The number of the protocol whose detector is sure first; -1 if none is.
int decided(std::string_view text) {
    const auto is_sure = [](ff_detected said) { return said == FF_DETECT_REQUEST || said == FF_DETECT_RESPONSE; };
#define FF_PROTOCOL(number, name, enumerator) \
    if (is_sure(ask(ff_detect_##name, text))) return number;
#include "bpf/contract/protocols.def"
#undef FF_PROTOCOL
    return -1;
}

TEST(Detectors, DecideInTheirOrder) {
    constexpr int kHttp1 = 0;
    constexpr int kRedis = 4;
    constexpr int kMemcached = 5;
    for (const auto* text : {"get k\r\n", "set k 0 0 1\r\nv\r\n", "incr k 1\r\n", "touch k 1\r\n"}) {
        EXPECT_EQ(decided(text), kMemcached) << text;
    }
    for (const auto* text : {"GET k\r\n", "Set k v\r\n", "hget h f\r\n", "del k\r\n", "*1\r\n$4\r\nPING\r\n"}) {
        EXPECT_EQ(decided(text), kRedis) << text;
    }
    for (const auto* text :
         {"GET / HTTP/1.1\r\n", "MOVE /a HTTP/1.1\r\n", "COPY /a HTTP/1.1\r\n", "GET http://a/ HTTP/1.1"}) {
        EXPECT_EQ(decided(text), kHttp1) << text;
    }
    for (const auto* text : {"EHLO a\r\n", "HELO a\r\n", "MAIL FROM:<a>\r\n", "RCPT TO:<a>\r\n", "DATA\r\n", "QUIT\r\n",
                             "NOOP\r\n", "USER a\r\n", "PASS a\r\n", "STAT\r\n", "RETR 1\r\n", "LIST\r\n", "NICK a\r\n",
                             "CAP LS\r\n", "a1 LOGIN a b\r\n", "put 0 0 60 5\r\nhello\r\n", "CONNECT {}\r\n", "status\n"}) {
        EXPECT_EQ(decided(text), -1) << text;
    }
}

bool is_line(std::string_view text) {
    unsigned char front[FF_DETECT_LENGTH] = {};
    const std::size_t length = std::min<std::size_t>(text.size(), FF_DETECT_LENGTH);
    std::memcpy(front, text.data(), length);
    return ff_is_line(front) != 0;
}

TEST(Detectors, ALineIsOneLineOfText) {
    for (const auto* text : {"meta k\r\n", "FT.SEARCH idx *\n", "x\n", "x\r\n"}) EXPECT_TRUE(is_line(text)) << text;
    for (const auto* text : {"meta", "meta k\r", "\r\n", "a\r\nb\r\n", "a\tb\r\n", "\x80x\n", " a\n",
                             "abcdefghijklmnopqrstuvwxyzabcdefgh\r\n"}) {
        EXPECT_FALSE(is_line(text)) << text;
    }
}

}  // namespace
